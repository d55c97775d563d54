# %% [markdown]
# # The assessment, with its blanks
#
# The same blanks as in the workshop's last notebook, on folders of real chest
# films: children with and without pneumonia. Replace each `FIXME`; help is on
# the page *The assessment, blank by blank*. You pass at 92 % of films that are in
# no folder. A baseline to beat is in L7.

# %%
from pathlib import Path

import torch
from skimage.io import imread
from torch import nn
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, Dataset

from course_lib import assessment, transfer
from course_lib.deploy import CutLite0, Model, Preprocessing, save_model
from course_lib.loops import train, validate
from course_lib.nets import EfficientNetLite0

folder = Path("films")
assessment.write_films(folder)
CLASSES = assessment.FILMS
print(CLASSES)

# %% [markdown]
# ## 1 Weights
#
# `EfficientNetLite0` with its weights for photographs.

# %%
network = EfficientNetLite0.pretrained()  # blank: network = FIXME

# %% [markdown]
# ## 2 Freeze
#
# `Features` is the network without its last blocks. It must not learn yet.

# %%
features = transfer.Features(network, blocks=13)
features.requires_grad_(False)  # blank: FIXME

# %% [markdown]
# ## 3 The new end
#
# `features` gives 192 maps. Pool them to one number each, flatten, and end with
# as many outputs as there are classes.

# %%
my_model = nn.Sequential(
    features,
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),  # blank: FIXME,
    nn.Linear(192, len(CLASSES)),  # blank: FIXME,
)
my_model.to(memory_format=torch.channels_last)  # faster on a processor

# %% [markdown]
# ## 4 Loss, and an optimizer for what learns

# %%
loss = nn.CrossEntropyLoss()  # blank: loss = FIXME
optimizer = torch.optim.Adam(my_model[-1].parameters(), lr=1e-2)  # blank: optimizer = FIXME

# %% [markdown]
# ## 5 Preprocessing
#
# The network's own: three channels, intensities in [0, 1], standardized with
# `network.mean` and `network.sd`.


# %%
def pre_trans(image):
    """A gray film, uint8 (144, 144), as the network's input (3, 96, 96)."""
    x = torch.tensor(image).float()[None, None]
    x = interpolate(x, size=96, mode="bilinear", antialias=True)
    x = x.expand(-1, 3, -1, -1)
    x = (x / 255 - network.mean) / network.sd  # blank: x = FIXME
    return x[0]


# %% [markdown]
# ## 6 Augmentation
#
# `transfer.ShiftAndTurn`, `transfer.Exposure`, or your own; no mirror.

# %%
changes = transfer.ShiftAndTurn(), transfer.Exposure()  # blank: changes = FIXME, FIXME
random_trans = nn.Sequential(*changes)

# %% [markdown]
# ## 7 The dataset


# %%
class Films(Dataset):
    """Films in folders that have the names of their classes."""

    def __init__(self, folder):
        self.images, self.labels = [], []
        for path in sorted(folder.glob("*/*.png")):
            self.images.append(pre_trans(imread(path)))  # blank: self.images.append(FIXME)
            self.labels.append(CLASSES.index(path.parent.name))  # blank: self.labels.append(FIXME)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]  # blank: return FIXME

    def __len__(self):
        return len(self.images)  # blank: return FIXME


# %% [markdown]
# ## 8 Two loaders

# %%
train_data, valid_data = Films(folder / "train"), Films(folder / "valid")
train_loader = DataLoader(train_data, batch_size=16, shuffle=True)  # blank: train_loader = FIXME
valid_loader = DataLoader(valid_data, batch_size=64)  # blank: valid_loader = FIXME

# %% [markdown]
# ## 9 Epochs of the new end

# %%
epochs = 6  # blank: epochs = FIXME
for epoch in range(epochs):
    print(epoch, "train", train(my_model, train_loader, random_trans, optimizer, loss))
print("valid", validate(my_model, valid_loader, loss))

# %% [markdown]
# ## 10 Unfreeze, with a small rate and a new optimizer
#
# On one processor the upper blocks are enough: `features.blocks[10:]`.

# %%
features.blocks[10:].requires_grad_(True)  # blank: FIXME
optimizer = torch.optim.Adam(my_model.parameters(), lr=4e-4)  # blank: optimizer = FIXME
epochs = 9  # blank: epochs = FIXME
slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
for epoch in range(epochs):
    print(epoch, "train", train(my_model, train_loader, random_trans, optimizer, loss))
    slower.step()
print("valid", validate(my_model, valid_loader, loss))

# %% [markdown]
# ## 11 Assess
#
# `CutLite0` is the network as a file knows it, made of the layers that you
# trained.

# %%
trained = CutLite0.of(features, my_model[-1])
model = Model(trained, CLASSES, Preprocessing(144, network_size=96))
save_model(model, "my_model.pt")
verdict = assessment.assess("my_model.pt")  # blank: verdict = FIXME
verdict  # noqa: B018
