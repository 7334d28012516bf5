"""Writes Tests/GoldenTraining/objectives.json: what PyTorch computes of the objectives in Sources/FewShot/Objectives.

    python objectives.py [--output FILE]

For each objective a batch of six rows, with what each is a view of, and everything else that the loss depends on; the mean loss,
and `weight` times its gradients by the embeddings and by the objective's own parameters; for one of them, the parameters
after three steps of Adam on the same batch. In float64, from values that float32 holds exactly. Needs torch."""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "GoldenTraining" / "objectives.json"
DIMENSION, CLASSES, PHOTOS, WEIGHT, RATE, SCALE = 7, 3, 6, 0.7, 0.003, 10.0


def exact(*shape: int) -> torch.Tensor:
    return torch.randn(*shape).double()


def unit(x: torch.Tensor) -> torch.Tensor:
    return F.normalize(x, dim=-1)


class Batch:
    """Rows 2 k and 2 k + 1 are views of one photo; photos 0 to 3 have a label."""

    def __init__(self, photos: list[int], views: list[int] | None = None):
        self.photos = photos
        self.views = views or list(range(len(photos)))
        self.labels = [p % CLASSES if p < 4 else -1 for p in photos]
        self.embeddings = (2 * exact(len(photos), DIMENSION)).requires_grad_()
        # Stored in float32, so rounded before anything is computed of them.
        self.prototypes = unit(exact(CLASSES, DIMENSION)).float().double()
        self.averaged = exact(len(photos), DIMENSION)
        self.all = unit(exact(PHOTOS, DIMENSION)).float().double()
        self.partner = torch.arange(len(photos)) ^ 1
        self.extra = {}

    @property
    def units(self) -> torch.Tensor:
        return unit(self.embeddings)

    def logits(self, x: torch.Tensor | None = None) -> torch.Tensor:
        return SCALE * unit(self.embeddings if x is None else x) @ self.prototypes.T


def contrast(u: torch.Tensor, keys: list[int], temperature: float) -> torch.Tensor:
    same = torch.tensor(keys)[:, None] == torch.tensor(keys)[None]
    own = torch.eye(len(keys), dtype=torch.bool)
    log = F.log_softmax((u @ u.T / temperature).masked_fill(own, -1e30), dim=1)
    positives = same & ~own
    return -((log * positives).sum(1) / positives.sum(1).clamp(min=1)).mean()


def prototype(b: Batch) -> torch.Tensor:
    return F.cross_entropy(b.logits(), torch.tensor(b.labels))


def negative_margin(b: Batch) -> torch.Tensor:
    labels = torch.tensor(b.labels)
    return F.cross_entropy(b.logits() + SCALE * 0.1 * F.one_hot(labels, CLASSES), labels)


def supcon(b: Batch) -> torch.Tensor:
    return contrast(b.units, b.labels, 0.1)


def turns(b: Batch, head: nn.Module) -> torch.Tensor:
    return F.cross_entropy(head(b.units), torch.tensor(b.views))


def simclr(b: Batch, head: nn.Module) -> torch.Tensor:
    return contrast(unit(head(b.units)), b.photos, 0.2)


def npid(b: Batch) -> torch.Tensor:
    return F.cross_entropy(b.units @ b.all.T / 0.07, torch.tensor(b.photos))


def exemplar(b: Batch) -> torch.Tensor:
    cosines = b.units @ b.units.T
    same = torch.tensor(b.photos)[:, None] == torch.tensor(b.photos)[None]
    farthest = cosines.masked_fill(~same | torch.eye(len(same), dtype=torch.bool), 9).min(1).values
    nearest = cosines.masked_fill(same, -9).max(1).values
    return F.softplus(2 * (nearest - farthest)).mean()


def vicreg(b: Batch, head: nn.Module) -> torch.Tensor:
    z = head(b.units)

    def spread(x: torch.Tensor) -> torch.Tensor:
        deviation = (x.var(0) + 1e-4).sqrt()
        covariance = torch.cov(x.T)
        off = covariance - torch.diag(torch.diag(covariance))
        return F.relu(1 - deviation).mean() + 0.04 * (off**2).sum() / x.shape[1]

    return F.mse_loss(z[::2], z[1::2]) + spread(z[::2]) + spread(z[1::2])


def byol(b: Batch, head: nn.Module) -> torch.Tensor:
    return (2 - 2 * F.cosine_similarity(head(b.units), b.averaged[b.partner], dim=1)).mean()


def moco(b: Batch) -> torch.Tensor:
    """The queue is empty: the batch's own keys of other photos are the negatives."""
    keys = unit(b.averaged)
    logits = b.units @ keys.T / 0.1
    photos = torch.tensor(b.photos)
    other = photos[:, None] != photos[None]
    other[torch.arange(len(photos)), b.partner] = True
    return F.cross_entropy(logits.masked_fill(~other, -1e30), b.partner)


def patch_location(b: Batch, head: nn.Module) -> torch.Tensor:
    def way(a: int, c: int) -> int:
        number = (c // 3 - a // 3 + 2) * 5 + c % 3 - a % 3 + 2
        return number - 1 if number > 12 else number

    targets = torch.tensor([way(a, c) for a, c in zip(b.views[::2], b.views[1::2], strict=True)])
    return F.cross_entropy(head(unit(torch.cat([b.units[::2], b.units[1::2]], dim=1))), targets)


def squares(b: Batch, target: torch.Tensor) -> torch.Tensor:
    return ((b.logits().softmax(1) - target) ** 2).mean()


def pi_model(b: Batch) -> torch.Tensor:
    return squares(b, b.logits().softmax(1)[b.partner])


def mean_teacher(b: Batch) -> torch.Tensor:
    return squares(b, b.logits(b.averaged).softmax(1)[b.partner])


def temporal_ensembling(b: Batch) -> torch.Tensor:
    return squares(b, b.logits(b.all).softmax(1)[torch.tensor(b.photos)])


def interpolation(b: Batch) -> torch.Tensor:
    guessed = (2 * b.logits(b.all)).softmax(1)
    shares = torch.tensor([0.5, 0.625, 0.75, 0.875, 0.9375, 0.5625]).double()
    mates = [5, 0, 4, 1, 2, 5]
    mate_labels = [p % CLASSES if p < 4 else -1 for p in mates]

    def targets(photos: list[int], labels: list[int]) -> torch.Tensor:
        known = F.one_hot(torch.tensor(labels).clamp(min=0), CLASSES).double()
        return torch.where(torch.tensor(labels)[:, None] >= 0, known, guessed[torch.tensor(photos)])

    b.extra = {"mates": mates, "mateLabels": mate_labels, "shares": shares.tolist()}
    mixed = shares[:, None] * targets(b.photos, b.labels) + (1 - shares[:, None]) * targets(mates, mate_labels)
    return squares(b, mixed)


def pseudo_label(b: Batch) -> torch.Tensor:
    told = b.logits(b.all).softmax(1)[torch.tensor(b.photos)]
    surest, labels = told.max(1)
    assert (surest >= 0.8).any() and (surest < 0.8).any()
    return (F.cross_entropy(b.logits(), labels, reduction="none") * (surest >= 0.8)).mean()


def entropy(b: Batch) -> torch.Tensor:
    def of(p: torch.Tensor) -> torch.Tensor:
        return -(p * p.log()).sum(-1)

    p = b.logits().softmax(1)
    return of(p).mean() - of(p.mean(0)) + torch.tensor(float(CLASSES)).double().log()


def distillation(b: Batch) -> torch.Tensor:
    """Label propagation over photos and prototypes, dense."""
    nodes = torch.cat([b.all, b.prototypes])
    cosines = (nodes @ nodes.T).clamp(min=0)
    cosines.fill_diagonal_(0)
    degree = min(10, max(3, PHOTOS // (4 * CLASSES)))
    near = torch.zeros_like(cosines).scatter(1, cosines.topk(degree, dim=1).indices, 1)
    graph = cosines * torch.maximum(near, near.T)
    scale = graph.sum(1).rsqrt()
    graph = scale[:, None] * graph * scale[None]
    seeds = torch.cat([torch.zeros(PHOTOS, CLASSES), torch.eye(CLASSES)]).double()
    labels = seeds
    for _ in range(10):
        labels = 0.8 * graph @ labels + seeds
    soft = (labels / labels.sum(1, keepdim=True))[:PHOTOS][torch.tensor(b.photos)]
    return -(soft.max(1).values[:, None] * soft * b.logits().log_softmax(1)).sum(1).mean()


def vat(b: Batch) -> torch.Tensor:
    """`averaged`: the embeddings before the push."""
    return F.kl_div(b.logits().log_softmax(1), b.logits(b.averaged).softmax(1), reduction="batchmean")


def swav(b: Batch) -> torch.Tensor:
    logits = b.logits(b.all)
    parts = 0.5 * logits.softmax(1).mean(0) + 0.5 / CLASSES
    codes = (2 * logits).softmax(1)
    for _ in range(3):
        codes = codes * (parts / codes.mean(0))
        codes = codes / codes.sum(1, keepdim=True)
    return F.cross_entropy(b.logits(), codes[torch.tensor(b.photos)])


LABELLED, PAIRS, ANY = [0, 3, 1, 2, 3, 1], [0, 0, 3, 3, 4, 4], [0, 1, 3, 4, 5, 4]
# Loss, photos, views, and what an own head takes and gives, if there is one.
CASES = {
    "prototype": (prototype, LABELLED),
    "rotation": (turns, ANY, [0, 3, 1, 2, 2, 0], DIMENSION, 4),
    "supcon": (supcon, [0, 0, 3, 3, 1, 1]),
    "simclr": (simclr, PAIRS, None, DIMENSION, 32),
    "npid": (npid, ANY),
    "negative-margin": (negative_margin, LABELLED),
    "exemplar": (exemplar, PAIRS),
    "vicreg": (vicreg, PAIRS, None, DIMENSION, 32),
    "pi-model": (pi_model, PAIRS),
    "temporal-ensembling": (temporal_ensembling, ANY),
    "mean-teacher": (mean_teacher, PAIRS),
    "pseudo-label": (pseudo_label, [4, 5, 5, 4, 3, 1]),
    "entropy": (entropy, [4, 5, 5, 4, 4, 5]),
    "byol": (byol, PAIRS, None, DIMENSION, DIMENSION),
    "moco": (moco, PAIRS),
    "jigsaw": (turns, ANY, [0, 23, 7, 12, 1, 9], DIMENSION, 24),
    "patch-location": (patch_location, PAIRS, [0, 8, 4, 2, 7, 3], 2 * DIMENSION, 24),
    "interpolation": (interpolation, ANY),
    "distillation": (distillation, [4, 5, 5, 4, 4, 5]),
    "vat": (vat, ANY),
    "swav": (swav, ANY),
}


def flat(*tensors: torch.Tensor) -> list[float]:
    """All values one after the other, in the nine digits that float32 needs."""
    return [float(f"{value:.9g}") for tensor in tensors for value in tensor.detach().flatten().tolist()]


def case(name: str) -> dict:
    loss, photos, views, inputs, outputs = (*CASES[name], None, None, None)[:5]
    torch.manual_seed(7)
    batch = Batch(photos, views)
    found = {
        "dimension": DIMENSION,
        "weight": WEIGHT,
        "photos": batch.photos,
        "views": batch.views,
        "labels": batch.labels,
        "embeddings": flat(batch.embeddings),
        "prototypes": flat(batch.prototypes),
        "averaged": flat(batch.averaged),
        "allPhotos": flat(batch.all),
    }
    if outputs is None:
        value = loss(batch)
        (WEIGHT * value).backward()
        return found | {"loss": float(value.detach()), "gradients": flat(batch.embeddings.grad)} | batch.extra
    first, second = nn.Linear(inputs, 64), nn.Linear(64, outputs)
    head = nn.Sequential(first, nn.ReLU(), second).double()
    parameters = [first.weight, first.bias, second.weight, second.bias]
    optimizer = torch.optim.Adam(parameters, lr=10 * RATE)
    found["parameters"] = flat(*parameters)
    for step in range(3):
        optimizer.zero_grad()
        value = loss(batch, head)
        (WEIGHT * value).backward()
        if step == 0:
            found |= {
                "loss": float(value.detach()),
                "gradients": flat(batch.embeddings.grad),
                "parameterGradients": flat(*(parameter.grad for parameter in parameters)),
            }
        optimizer.step()
    # All own heads are updated by the same code.
    if name == "rotation":
        found |= {"learningRate": RATE, "trained": flat(*parameters)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    path = parser.parse_args().output
    torch.set_num_threads(1)
    entries = []
    for name in CASES:
        found = case(name)
        print(f"{path}: {name}, loss {found['loss']:.4f}")
        lines = ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in found.items())
        entries.append(f'"{name}": {{\n{lines}\n}}')
    path.write_text("{\n" + ",\n".join(entries) + "\n}\n")


if __name__ == "__main__":
    main()
