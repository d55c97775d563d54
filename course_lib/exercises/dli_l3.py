"""Exercises of the chapter "L3: convolution"."""

import numpy as np

from ._exercise import Exercise, Misconception


def _convolve(image, kernel):
    (H, W), (h, w) = image.shape, kernel.shape
    result = np.empty((H - h + 1, W - w + 1))
    for y in range(result.shape[0]):
        for x in range(result.shape[1]):
            result[y, x] = np.sum(image[y : y + h, x : x + w] * kernel)
    return result


def _padded(image, kernel):
    h, w = kernel.shape
    return _convolve(np.pad(image, ((h // 2, h // 2), (w // 2, w // 2))), kernel)


def _image_cases(rng):
    step = np.array([[0, 0, 1, 1, 1]] * 4, float)
    cases = [(step, np.array([[-1.0, 0, 1]] * 3))]
    for (H, W), (h, w) in (((6, 7), (3, 3)), ((8, 5), (1, 3)), ((9, 9), (5, 3))):
        cases.append((rng.normal(size=(H, W)), rng.normal(size=(h, w))))
    return cases


def _output_size(size, kernel, stride, padding):
    # A kernel fits at 0, stride, 2 stride, … as long as its end lies inside.
    last_start = size + 2 * padding - kernel
    return last_start // stride + 1


def _size_cases(rng):
    cases = [(28, 3, 1, 0), (28, 3, 1, 1), (224, 7, 2, 3), (17, 4, 3, 0)]
    while len(cases) < 9:
        size, kernel, stride, padding = (
            int(n) for n in rng.integers((10, 2, 2, 1), (100, 8, 5, 4))
        )
        if (size + 2 * padding - kernel) % stride and (size + padding - kernel) % stride:
            cases.append((size, kernel, stride, padding))
    return cases


def _conv_parameters(in_channels, out_channels, kernel):
    one_filter = in_channels * kernel**2 + 1
    return out_channels * one_filter


def _channel_cases(rng):
    return [(1, 8, 3), (3, 64, 7)] + [
        tuple(int(n) for n in rng.integers((2, 2, 2), (70, 70, 8))) for _ in range(4)
    ]


def _receptive_field(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def _own_stride_first(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        jump *= stride
        field += (kernel - 1) * jump
    return field


def _layer_cases(rng):
    cases = [([(3, 1), (3, 1)],), ([(3, 1), (2, 2), (3, 1), (2, 2)],)]
    for depth in (2, 3, 4, 5):
        layers = rng.integers((2, 1), (6, 4), (depth, 2))
        layers[0, 1] = 2
        cases.append(([(int(kernel), int(stride)) for kernel, stride in layers],))
    return cases


EXERCISES = (
    Exercise(
        id="dli_l3.convolve",
        title="Slide a kernel",
        reference=_convolve,
        cases=_image_cases,
        points=2,
        misconceptions=(
            Misconception(
                "flipped",
                lambda image, kernel: _convolve(image, kernel[::-1, ::-1]),
                "This is the response to the kernel turned by 180°, as mathematicians define "
                "convolution. The layers of deep learning do not turn it: multiply as it lies.",
            ),
            Misconception(
                "zero_padding",
                _padded,
                "This result is as large as the image, as if zeros surrounded it. Here the kernel "
                "stays inside the image, and the result is smaller.",
            ),
            Misconception(
                "mean",
                lambda image, kernel: _convolve(image, kernel) / kernel.size,
                "This is the mean of the products. A convolution adds them; the kernel's own "
                "weights decide whether that is a mean.",
            ),
            Misconception(
                "transposed",
                lambda image, kernel: _convolve(image.T, kernel),
                "This is the response of the transposed image: image[y, x] is row y, column x.",
            ),
        ),
    ),
    Exercise(
        id="dli_l3.output_size",
        title="How large is the result?",
        reference=_output_size,
        cases=_size_cases,
        misconceptions=(
            Misconception(
                "fence_posts",
                lambda size, kernel, stride, padding: (size + 2 * padding - kernel) // stride,
                "One too few: this is the number of steps between positions. The first position "
                "counts as well.",
            ),
            Misconception(
                "padding_on_one_side",
                lambda size, kernel, stride, padding: (size + padding - kernel) // stride + 1,
                "This is the size with padding on one side. It lies on both: the image grows by "
                "twice as much.",
            ),
            Misconception(
                "fraction",
                lambda size, kernel, stride, padding: (size + 2 * padding - kernel) / stride + 1,
                "A kernel does not stop halfway: where the last step does not fit, it is left "
                "out. Divide without remainder.",
            ),
            Misconception(
                "rounds_up",
                lambda size, kernel, stride, padding: (
                    -((kernel - size - 2 * padding) // stride) + 1
                ),
                "This is rounded up, so that the last kernel reaches beyond the image. It must "
                "fit.",
            ),
        ),
    ),
    Exercise(
        id="dli_l3.conv_parameters",
        title="The parameters of a convolution",
        reference=_conv_parameters,
        cases=_channel_cases,
        misconceptions=(
            Misconception(
                "no_bias",
                lambda in_channels, out_channels, kernel: in_channels * out_channels * kernel**2,
                "Nearly: each output channel also has one bias.",
            ),
            Misconception(
                "one_input_channel",
                lambda in_channels, out_channels, kernel: out_channels * (kernel**2 + 1),
                "A filter looks at all input channels at once: it has a k × k slice for each of "
                "them.",
            ),
            Misconception(
                "not_squared",
                lambda in_channels, out_channels, kernel: out_channels * (in_channels * kernel + 1),
                "The kernel is a square: k × k weights a slice.",
            ),
            Misconception(
                "bias_for_each_slice",
                lambda in_channels, out_channels, kernel: (
                    in_channels * out_channels * (kernel**2 + 1)
                ),
                "This number holds a bias for every slice. The slices of a filter are added up, "
                "and one bias is added to the sum.",
            ),
        ),
    ),
    Exercise(
        id="dli_l3.receptive_field",
        title="How far does a neuron see?",
        reference=_receptive_field,
        cases=_layer_cases,
        misconceptions=(
            Misconception(
                "strides_ignored",
                lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers),
                "This is the field if every stride were 1. Behind a layer of stride 2, neighbors "
                "lie two pixels apart, so every further kernel reaches twice as far.",
            ),
            Misconception(
                "sum_of_kernels",
                lambda layers: sum(kernel for kernel, _ in layers),
                "This is the sum of the kernels. A kernel of 3 widens the field by 2, because it "
                "shares one position with what was seen before.",
            ),
            Misconception(
                "own_stride_first",
                _own_stride_first,
                "This is the field if each layer's own stride widened what that layer sees; it "
                "moves the neighbors apart for the layers behind it. Widen first, then multiply.",
            ),
            Misconception(
                "product_of_kernels",
                lambda layers: int(np.prod([kernel for kernel, _ in layers])),
                "This is the product of the kernels. Two kernels of 3 in a row see 5 pixels, not "
                "9.",
            ),
        ),
    ),
)
