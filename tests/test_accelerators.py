"""Networks on an accelerator get the answers that they get on the processor.

Where there is none, as on the machines that run all tests, each tool is tried on the processor
alone: the accelerator's tests say that they were skipped. On a machine with one:
``pytest tests/test_accelerators.py``.
"""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib import attribution, deploy, embedding, loops, style, training, transfer
from course_lib import boxes as box_tools
from course_lib.augment import elastic_crops, jitter_intensity
from course_lib.detection import grid, landmarks, regions, windows
from course_lib.nets import FCN, EfficientNetLite0, UNet
from course_lib.visualize import (
    activations,
    deep_dream,
    influence,
    maximize,
    objectives,
    receptive_field,
    top_patches,
)

pytestmark = pytest.mark.slow

ACCELERATOR = training.choose_device()
IMAGES = np.random.default_rng(0).random((3, 64, 64, 3))
PLANES = torch.rand(6, 1, 32, 32, generator=torch.Generator().manual_seed(1))


def small(device):
    """Four layers with names; double precision, so that two orders of a sum hardly differ."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 12, 3, 2), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 4))
    return network.double().to(device).eval()


def seeded(make, device):
    """A network in double precision, with the same weights wherever it lies."""
    torch.manual_seed(0)
    return make().double().to(device).eval()


def attributed(method, **options):
    return lambda device: getattr(attribution, method)(small(device), IMAGES[0], 1, **options)


def pixel_curve(method):
    def run(device):
        network = small(device)
        seen = attribution.saliency(network, IMAGES[0], 1)
        return getattr(attribution, method)(network, IMAGES[0], seen, 1, steps=5).probability

    return run


def randomized(device):
    return attribution.logits(attribution.randomized(small(device), ["2"]), IMAGES[0])


def painted(device):
    layers = {"style_layers": ("0", "2"), "content_layer": "2"}
    return style.transfer(small(device), IMAGES[0], IMAGES[1], steps=3, **layers).image


def described(device):
    found = transfer.features(
        seeded(EfficientNetLite0, device), torch.tensor(IMAGES).permute(0, 3, 1, 2).to(device)
    )
    return torch.cat(list(found.values()), dim=1)


def augmented(device):
    x = torch.tensor(IMAGES).permute(0, 3, 1, 2).to(device)
    torch.manual_seed(0)
    return transfer.ShiftAndTurn()(transfer.Exposure()(x))


def kept_model(device):
    model = deploy.Model(
        seeded(lambda: deploy.SmallCNN(2, 1), "cpu").float(),
        ["a", "b"],
        deploy.Preprocessing(32, 1),
    )
    model.network.to(device)
    return model.probabilities((255 * PLANES[:, 0].numpy()).astype(np.uint8))


def exported(device, path):
    model = deploy.Model(
        seeded(lambda: deploy.SmallCNN(2, 1), "cpu").float(),
        ["a", "b"],
        deploy.Preprocessing(32, 1),
    )
    model.network.to(device)
    deploy.save_model(model, path / "model.pt")
    deploy.export_onnx(model, path / "model.onnx")
    images = (255 * PLANES[:, 0].numpy()).astype(np.uint8)
    loaded = deploy.load_model(path / "model.pt").probabilities(images)
    return np.stack([loaded, deploy.onnx_probabilities(path / "model.onnx", images)])


def looped(device):
    network = small(device)
    x, y = torch.tensor(IMAGES).permute(0, 3, 1, 2).to(device), torch.tensor([0, 1, 2]).to(device)
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    loss = nn.functional.cross_entropy
    epochs = [loops.train(network, [(x, y)], lambda x: x, optimizer, loss) for _ in range(3)]
    return [e.loss for e in [*epochs, loops.validate(network, [(x, y)], loss)]]


def trained(device):
    network = small("cpu")
    x, y = torch.tensor(IMAGES).permute(0, 3, 1, 2), torch.tensor([0, 1, 2])
    history = training.fit(
        network, lambda _: (x, y), nn.functional.cross_entropy, iterations=5, lr=0.01, ema=0.9,
        device=device, quiet=True, watch=lambda n, _: n(x.to(device)).sum().item(), watch_at=[0, 5],
    )  # fmt: skip
    assert next(network.parameters()).device.type == "cpu"
    return [*history.loss, *history.watched.values()]


def metric_losses(device):
    torch.manual_seed(0)
    points = nn.functional.normalize(torch.randn(12, 5), dim=1).to(device)
    labels = torch.arange(12).to(device) % 3
    losses = [embedding.contrastive_loss(points, labels)]
    for mining in ("batch-all", "batch-hard"):
        losses.append(embedding.triplet_loss(points, labels, mining=mining))
    return torch.stack([*losses, embedding.squared_distances(points, points).sum()])


def distorted(device):
    return embedding.distort(PLANES.to(device), torch.Generator().manual_seed(0))


def embedded(device):
    network = seeded(embedding.EmbeddingNet, device).float()
    return embedding.embed(network, PLANES[:, 0].numpy())


def detection_loss(device):
    torch.manual_seed(0)
    answer, offsets = torch.randn(2, 3, 3, 1, 6), torch.randn(2, 9, 4)
    labels = torch.tensor([[0, 1, -1] * 3, [1, box_tools.IGNORED, -1] * 3])
    return grid.detection_loss(
        *(t.to(device) for t in (answer, labels, offsets)),
        class_weights=torch.tensor([1.0, 3.0]),
    )


def boxed(device):
    detector = seeded(lambda: grid.GridDetector(sizes=(16,)), device).float()
    boxes = grid.detect(detector, IMAGES, score_threshold=0.0).boxes
    # Their scores are nearly equal, so their order may be another.
    return np.sort(boxes, axis=0)


def faces(device):
    classifier = seeded(windows.WindowClassifier, device).float()
    levels = windows.pyramid(IMAGES[0].mean(2))
    return windows.detect(classifier, levels, 0.0).boxes


def pooled(device):
    return regions.roi_pool(PLANES.to(device)[0], np.array([[0, 0, 24, 24]]), 1)


def pointed(device):
    fundi = landmarks.simulated_fundi(3)
    return landmarks.find_landmarks(seeded(landmarks.LandmarkNetwork, device).float(), fundi.images)


def cropped(device):
    generator = torch.Generator().manual_seed(0)
    images, cells = PLANES.double().to(device), (PLANES > 0.5).long().to(device)
    x, maps = elastic_crops(images, [cells], 16, 4, generator)
    return torch.cat([jitter_intensity(x, generator), *maps])


def segmented(device):
    x = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(2)).double().to(device)
    return seeded(lambda: UNet(4, 2, 2), device)(x)


def fully_convolutional(device):
    x = torch.tensor(IMAGES).permute(0, 3, 1, 2).to(device)
    return seeded(lambda: FCN(3), device)(x)


TOOLS = {
    "logits": lambda device: attribution.logits(small(device), IMAGES[0]),
    "saliency": attributed("saliency"),
    "gradient × input": attributed("gradient_times_input"),
    "SmoothGrad": attributed("smooth_grad", samples=4),
    "integrated gradients": attributed("integrated_gradients", steps=8),
    "Grad-CAM": attributed("grad_cam", layer="2"),
    "occlusion": attributed("occlusion", window=16, stride=16),
    "guided gradient": attributed("guided_gradient"),
    "randomized": randomized,
    "deletion": pixel_curve("deletion"),
    "insertion": pixel_curve("insertion"),
    "activations": lambda device: activations(small(device), "2", IMAGES[0]),
    "maximize": lambda device: (
        maximize(small(device), objectives.class_logit("6", 1), steps=3).images
    ),
    "dream": lambda device: deep_dream(
        small(device), IMAGES[0], objectives.channel("2", 1), 2, octaves=1
    ),
    "influence": lambda device: influence(small(device), "2", IMAGES),
    "top patches": lambda device: top_patches(small(device), "2", [0, 1], IMAGES, size=16).values,
    "receptive field": lambda device: receptive_field(small(device), "2"),
    "style": painted,
    "transferred features": described,
    "augmentation": augmented,
    "kept model": kept_model,
    "loops": looped,
    "fit": trained,
    "metric losses": metric_losses,
    "distortion": distorted,
    "embedding": embedded,
    "detection loss": detection_loss,
    "detector": boxed,
    "windows": faces,
    "RoI pooling": pooled,
    "landmarks": pointed,
    "elastic crops": cropped,
    "U-Net": segmented,
    "FCN": fully_convolutional,
}


def array(value):
    """Numbers of an answer, wherever they lie."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
    return np.asarray(value, dtype=float)


@pytest.fixture(autouse=True)
def single_precision(monkeypatch):
    """By default NVIDIA's cards round what they convolve to ten bits."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_answers_on_an_accelerator_as_on_the_processor(tool):
    expected = array(TOOLS[tool]("cpu"))
    assert np.isfinite(expected).all()
    assert expected.size
    if ACCELERATOR == "cpu":
        pytest.skip("compares with an accelerator, and this machine has none that PyTorch can use.")
    np.testing.assert_allclose(array(TOOLS[tool](ACCELERATOR)), expected, rtol=1e-3, atol=1e-5)


def test_a_model_leaves_an_accelerator_for_a_file(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    expected = exported("cpu", tmp_path / "here")
    np.testing.assert_allclose(expected[0], expected[1], atol=1e-5)
    if ACCELERATOR == "cpu":
        pytest.skip("compares with an accelerator, and this machine has none that PyTorch can use.")
    np.testing.assert_allclose(exported(ACCELERATOR, tmp_path / "there"), expected, atol=1e-5)
