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


def _flat_features(size, channels):
    for _ in channels:
        size //= 2  # the padded convolution keeps the size, the pooling halves it
    return channels[-1] * size * size


def _halved(size, blocks, half):
    for _ in range(blocks):
        size = half(size)
    return size


def _block_cases(rng):
    """Sizes at which half a pixel is lost on the way."""
    cases = [(28, [25, 50, 75]), (50, [8, 16])]
    for blocks in (2, 3, 3):
        size = int(rng.integers(4, 9)) * 2**blocks - 2 ** (blocks - 1) - 1
        cases.append((size, [int(c) for c in rng.choice(np.arange(5, 90), blocks, False)]))
    return cases


def _dropout(x, chance, p):
    return np.where(chance < p, 0, x / (1 - p)), x


def _chance_cases(rng):
    x, chance = np.array([[1.0, 2.0], [3.0, -4.0]]), np.array([[0.1, 0.9], [0.5, 0.3]])
    drawn = [
        (rng.normal(size=shape), rng.permutation(np.linspace(0.02, 0.97, np.prod(shape))), p)
        for shape, p in (((3, 4), 0.25), ((12,), 0.75), ((2, 3, 3), 0.4))
    ]
    return [(x, chance, 0.25), *((x, chance.reshape(x.shape), p) for x, chance, p in drawn)]


def _logits(weights, x, own_statistics=False):
    """Linear, batch normalization, ReLU, Linear: written out."""
    h = x @ weights["0.weight"].T + weights["0.bias"]
    mean, var = weights["1.running_mean"], weights["1.running_var"]
    if own_statistics:
        mean, var = h.mean(0), h.var(0, correction=0)
    h = (h - mean) / (var + 1e-5) ** 0.5 * weights["1.weight"] + weights["1.bias"]
    return h.clamp(min=0) @ weights["3.weight"].T + weights["3.bias"]


def _of_batch(weights, batch, own_statistics=False, last=lambda z: z):
    """Summed loss, number of right answers and number of images of a batch."""
    x, y = batch
    z = last(_logits(weights, x, own_statistics))
    lost = -z.log_softmax(1)[range(len(y)), y].sum().item()
    return np.array([lost, (z.argmax(1) == y).sum().item(), len(y)])


def _loss_and_accuracy(weights, batches):
    return _means(weights, batches)


def _means(weights, batches, **how):
    lost, right, n = sum(_of_batch(weights, batch, **how) for batch in batches)
    return float(lost / n), float(right / n)


def _mean_of_batches(weights, batches):
    each = [_loss_and_accuracy(weights, [batch]) for batch in batches]
    return tuple(float(value) for value in np.mean(each, axis=0))


def _sums(weights, batches):
    lost, right, _ = sum(_of_batch(weights, batch) for batch in batches)
    return float(lost), float(right)


def _trained_cases(rng):
    """Running averages that are not those of the batches; no batch is right as often as another."""
    import torch

    def tensor(*shape, scale=1.0):
        return torch.tensor(rng.normal(0, scale, shape), dtype=torch.float32)

    cases = []
    while len(cases) < 4:
        sizes = ((5, 3), (6, 5, 3), (4, 4, 3), (7, 4))[len(cases)]
        weights = {
            "0.weight": tensor(6, 4),
            "0.bias": tensor(6),
            "1.weight": 1 + tensor(6, scale=0.2),
            "1.bias": tensor(6, scale=0.5),
            "1.running_mean": tensor(6),
            "1.running_var": torch.tensor(rng.uniform(0.5, 4, 6), dtype=torch.float32),
            "1.num_batches_tracked": torch.tensor(int(rng.integers(20, 90))),
            "3.weight": tensor(3, 6),
            "3.bias": tensor(3),
        }
        batches = [(tensor(n, 4), torch.tensor(rng.integers(0, 3, n))) for n in sizes]
        right = [_of_batch(weights, batch)[1:] for batch in batches]
        shares = {k / n for k, n in right}
        if len(shares) == len(sizes) and not shares & {0, 1}:
            cases.append((weights, batches))
    return cases


def _train_and_look(weights, learn, look, lr):
    return _two_epochs(weights, learn, look, lr)


_MODES = ("train", "eval", "train", "eval")


def _two_epochs(weights, learn, look, lr, at=_MODES, steps_too=False, adds_up=False):
    """`at` is the mode of each of the four passes; `steps_too` learns from `look` as well."""
    passes = zip((learn, look, learn, look), at, (True, steps_too, True, steps_too), strict=True)
    return _passes(weights, lr, passes, adds_up)


def _passes(weights, lr, passes, adds_up=False):
    """Running mean and last weights after passes of (batches, mode, whether steps are made)."""
    import torch

    network = _normalized_network()
    network.load_state_dict(weights)
    parameters = list(network.parameters())
    so_far = [torch.zeros_like(p) for p in parameters]
    for batches, mode, steps in passes:
        network.train(mode == "train")
        for x, y in batches:
            loss = torch.nn.functional.cross_entropy(network(x), y)
            gradients = torch.autograd.grad(loss, parameters)
            if not steps:
                continue
            with torch.no_grad():
                for p, gradient, earlier in zip(parameters, gradients, so_far, strict=True):
                    earlier *= adds_up
                    earlier += gradient
                    p -= lr * earlier
    return network[1].running_mean, network[3].weight.detach()


def _normalized_network():
    from torch import nn

    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))


def _epoch_cases(rng):
    """The films to look at are others than those to learn from, so that their mean is, too."""
    import torch

    def batches(sizes, shift):
        return [
            (
                torch.tensor(rng.normal(shift, 1, (n, 4)), dtype=torch.float32),
                torch.tensor(rng.integers(0, 3, n)),
            )
            for n in sizes
        ]

    cases = []
    for weights, _ in _trained_cases(rng):
        sizes = ((4, 3), (5, 4, 3), (6, 4), (3, 3, 5))[len(cases)]
        cases.append((weights, batches(sizes, 0), batches((4, 3), 2), (0.25, 0.5)[len(cases) % 2]))
    return cases


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
    Exercise(
        id="dli_l3.flat_features",
        title="What arrives behind Flatten",
        reference=_flat_features,
        cases=_block_cases,
        misconceptions=(
            Misconception(
                "rounds_up",
                lambda size, channels: (
                    channels[-1] * _halved(size, len(channels), lambda n: -(-n // 2)) ** 2
                ),
                "This is the number if a pooling keeps half a pixel at the edge. 7 pixels become "
                "3, not 4.",
            ),
            Misconception(
                "no_padding",
                lambda size, channels: (
                    channels[-1] * _halved(size, len(channels), lambda n: (n - 2) // 2) ** 2
                ),
                "This is the number if every convolution ate a border of one pixel. With padding "
                "1 a kernel of 3 keeps the size.",
            ),
            Misconception(
                "no_pooling",
                lambda size, channels: channels[-1] * size**2,
                "This is the number without the poolings. Each of them halves both sides.",
            ),
            Misconception(
                "one_side",
                lambda size, channels: channels[-1] * (size // 2 ** len(channels)),
                "This is one side times the channels. A channel is a square: its side counts "
                "twice.",
            ),
            Misconception(
                "pixels_alone",
                lambda size, channels: (size // 2 ** len(channels)) ** 2,
                "These are the pixels of one channel. All channels of the last block arrive.",
            ),
            Misconception(
                "all_channels",
                lambda size, channels: sum(channels) * (size // 2 ** len(channels)) ** 2,
                "This counts the channels of every block. Only those of the last one come out; "
                "the others were its input.",
            ),
        ),
    ),
    Exercise(
        id="dli_l3.dropout",
        title="Dropout by hand",
        reference=_dropout,
        cases=_chance_cases,
        misconceptions=(
            Misconception(
                "not_scaled",
                lambda x, chance, p: (np.where(chance < p, 0, x), x),
                "The right numbers are blanked in training, and the rest is left as it was. Then "
                "the mean is smaller in training than in use: divide what stays by 1 - p.",
            ),
            Misconception(
                "scaled_in_use",
                lambda x, chance, p: (np.where(chance < p, 0, x), (1 - p) * x),
                "This is dropout as it was first published, scaled in evaluation. PyTorch divides "
                "by 1 - p in training, so that in use nothing has to be done.",
            ),
            Misconception(
                "always",
                lambda x, chance, p: (_dropout(x, chance, p)[0],) * 2,
                "The numbers are blanked in evaluation as well, so the answer would depend on "
                "chance. In evaluation `x` passes unchanged.",
            ),
            Misconception(
                "p_is_kept",
                lambda x, chance, p: (np.where(chance < p, x / p, 0), x),
                "This keeps the share p. In PyTorch p is the share that is blanked.",
            ),
            Misconception(
                "divided_by_p",
                lambda x, chance, p: (np.where(chance < p, 0, x / p), x),
                "What stays is divided by p here. The share that stays is 1 - p: divide by that, "
                "and the mean is kept.",
            ),
        ),
    ),
    Exercise(
        id="dli_l3.loss_and_accuracy",
        title="Look, and do not touch",
        reference=_loss_and_accuracy,
        cases=_trained_cases,
        points=2,
        rtol=5e-5,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "in_training_mode",
                lambda weights, batches: _means(weights, batches, own_statistics=True),
                "These are the numbers in training mode: each batch is normalized by its own mean "
                "and deviation, so an image's answer depends on its neighbors. `eval` switches to "
                "the running averages.",
            ),
            Misconception(
                "mean_of_batches",
                _mean_of_batches,
                "This is the mean over the batches. The last one is smaller and must not count "
                "as much: add up over the images, then divide once.",
            ),
            Misconception(
                "mean_of_losses",
                lambda weights, batches: (
                    _mean_of_batches(weights, batches)[0],
                    _loss_and_accuracy(weights, batches)[1],
                ),
                "The accuracy is right; the loss is the mean of the batches' losses. The last "
                "batch is smaller: count each loss as often as its batch has images.",
            ),
            Misconception(
                "softmax_first",
                lambda weights, batches: _means(weights, batches, last=lambda z: z.softmax(1)),
                "The accuracy is right, and the loss is that of a softmax before "
                "CrossEntropyLoss, which has one inside. It wants the logits.",
            ),
            Misconception(
                "last_batch",
                lambda weights, batches: _loss_and_accuracy(weights, batches[-1:]),
                "These are loss and accuracy of the last batch alone.",
            ),
            Misconception(
                "sums",
                _sums,
                "These are sums over the images. Divide both by their number.",
            ),
        ),
    ),
    Exercise(
        id="dli_l3.train_and_look",
        title="Train, look, train",
        reference=_train_and_look,
        cases=_epoch_cases,
        points=2,
        rtol=5e-5,
        uses=("torch",),
        misconceptions=(
            Misconception(
                "never_back_to_training",
                lambda weights, learn, look, lr: _two_epochs(
                    weights, learn, look, lr, ("train", "eval", "eval", "eval")
                ),
                "In the second epoch the running mean stands still, as in evaluation mode, where "
                "the first look leaves the network. `train` belongs at the start of every epoch.",
            ),
            Misconception(
                "looks_in_training_mode",
                lambda weights, learn, look, lr: _two_epochs(
                    weights, learn, look, lr, ("train",) * 4
                ),
                "The weights are right, and the running mean holds the batches of `look` too, as "
                "if they were looked at in training mode. `eval` comes before every look.",
            ),
            Misconception(
                "never_in_training_mode",
                lambda weights, learn, look, lr: _two_epochs(
                    weights, learn, look, lr, ("eval",) * 4
                ),
                "The running mean is that from before, as if the network learned in evaluation "
                "mode. `train` belongs at the start of every epoch.",
            ),
            Misconception(
                "learns_from_look",
                lambda weights, learn, look, lr: _two_epochs(
                    weights, learn, look, lr, ("train",) * 4, steps_too=True
                ),
                "These are the weights after learning from `look` as well. Those images are to "
                "look at: no step, and evaluation mode.",
            ),
            Misconception(
                "gradients_add_up",
                lambda weights, learn, look, lr: _two_epochs(
                    weights, learn, look, lr, adds_up=True
                ),
                "These are the values if each batch adds its gradient to those before: "
                "`zero_grad()` clears them.",
            ),
            Misconception(
                "one_epoch",
                lambda weights, learn, look, lr: _passes(weights, lr, [(learn, "train", True)]),
                "This is the state after one epoch. Go through both lists twice.",
            ),
        ),
    ),
)
