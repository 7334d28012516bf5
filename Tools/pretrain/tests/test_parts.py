"""What methods share: memories, clusters, tiles, colours, views, collapse."""

import numpy as np
import pytest
import torch
from torch.nn import functional

import collapse
import views
from parts.clusters import equal_shares, kmeans
from parts.colour import cells, lab
from parts.contrast import against, first, likely, paired
from parts.decoder import holes
from parts.memory import Bank, Queue
from parts.tiles import permutations, tiles


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_equal_shares_have_equal_columns_and_rows_of_one() -> None:
    q = equal_shares(torch.randn(60, 12, generator=torch.Generator().manual_seed(1)), 0.2, 200)
    assert torch.allclose(q.sum(1), torch.ones(60), atol=1e-5)
    assert torch.allclose(q.sum(0), torch.full((12,), 5.0), atol=1e-3)


def test_equal_shares_survive_logits_that_overflow_exp() -> None:
    q = equal_shares(torch.tensor([[1e4, 0.0], [1e4, 0.0]]), 0.04, 100)
    assert torch.isfinite(q).all() and torch.allclose(q.sum(0), torch.ones(2), atol=1e-3)


def test_queue_replaces_the_oldest_and_wraps() -> None:
    queue, pushed = Queue(5, 3), unit(7, 3)
    queue.push(pushed[:3])
    queue.push(pushed[3:])  # the last two of four fall on places 0 and 1
    assert torch.allclose(queue.values, torch.stack([pushed[5], pushed[6], pushed[2], pushed[3], pushed[4]]), atol=1e-6)
    assert int(queue.next) == 2


def test_queue_and_bank_are_in_the_checkpoint() -> None:
    assert set(Queue(4, 2).state_dict()) == {"values", "next"} and set(Bank(4, 2).state_dict()) == {"values"}


def test_bank_moves_only_its_rows_and_finds_neighbours() -> None:
    bank = Bank(6, 4, keep=0.5)
    bank.fill(unit(6, 4))
    before, new = bank.values.clone(), unit(2, 4, seed=3)
    bank.update(torch.tensor([1, 4]), new)
    want = functional.normalize((before[[1, 4]] + new) / 2, dim=1)
    assert torch.allclose(bank.values[[1, 4]], want, atol=1e-6)
    assert torch.equal(bank.values[[0, 2, 3, 5]], before[[0, 2, 3, 5]])
    similar, rows = bank.neighbours(bank.values[2:3], 3)
    assert rows[0, 0] == 2 and (similar.diff(dim=1) <= 0).all()


def test_kmeans_finds_separate_clusters_and_leaves_none_empty() -> None:
    rng = np.random.default_rng(0)
    centres = unit(5, 16)
    x = torch.cat([c + 0.05 * torch.from_numpy(rng.normal(size=(20, 16))).float() for c in centres])
    for seed in range(5):
        found = kmeans(x, 20, [seed])[1]
        assert len(found.unique()) >= 18, f"seed {seed}"
        for cluster in found.unique():
            assert len(torch.nonzero(found == cluster).flatten().div(20, rounding_mode="floor").unique()) == 1, f"seed {seed}"


def test_kmeans_of_equal_rows_does_not_fail() -> None:
    centres, found = kmeans(torch.ones(8, 3), 4, [0])
    assert torch.isfinite(centres).all() and found.shape == (8,)


def test_contrasts_by_hand() -> None:
    q, p, n = unit(3, 4), unit(3, 4, seed=1), unit(5, 4, seed=2)
    want = np.mean(
        [
            -np.log(np.exp(a @ b / 0.2) / (np.exp(a @ b / 0.2) + np.exp(n.numpy() @ a / 0.2).sum()))
            for a, b in zip(q.numpy(), p.numpy())
        ]
    )
    assert float(first(against(q, p, n, 0.2))) == pytest.approx(want, rel=1e-5)
    certain = torch.eye(3)
    assert float(likely(certain, 50 * certain)) == pytest.approx(0, abs=1e-6)
    assert float(paired(q, q, 0.01)) < float(paired(q, p, 0.01))


def test_tiles_lie_in_their_cells() -> None:
    x = torch.zeros(2, 3, 48, 48)
    cell = torch.arange(48) // 16
    x += (cell[:, None] * 3 + cell)[None, None] / 8  # each cell has one value
    rng = np.random.default_rng(0)
    cut = tiles(x, 3, 12, rng)
    assert cut.shape == (2, 9, 3, 12, 12)
    assert float(cut.abs().max()) < 1e-4  # its own mean is taken away


def test_tiles_show_what_the_photo_shows() -> None:
    x = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1

    class Corner:
        def integers(self, low, high, size):
            return np.zeros(size, int)

        def random(self, n):
            return np.ones(n)

    part = x[0, :, 16:28, 32:44]
    want = ((part - part.mean((1, 2), keepdim=True)) / (part.std((1, 2), keepdim=True) + 0.05) / 2).clamp(-1, 1)
    assert torch.allclose(tiles(x, 3, 12, Corner())[0, 5], want, atol=1e-5)


def test_permutations_are_distinct_and_far_apart() -> None:
    orders = permutations(64, 9, 0)
    assert (orders.sort(1).values == torch.arange(9)).all()
    different = (orders[:, None] != orders[None]).sum(2)
    assert int(different[~torch.eye(64, dtype=torch.bool)].min()) >= 6


def test_lab_of_known_colours() -> None:
    colours = torch.tensor([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]]) / 127.5 - 1
    found = lab(colours[:, :, None, None])[:, :, 0, 0] * torch.tensor([50.0, 110, 110]) + torch.tensor([50.0, 0, 0])
    want = torch.tensor([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86]])
    assert torch.allclose(found, want, atol=0.3), found
    assert cells(lab(colours[:2, :, None, None])).flatten().unique().numel() == 1


def test_holes_have_their_size() -> None:
    inside = holes(20, 32, 0.5, np.random.default_rng(0))
    assert (inside.sum((1, 2, 3)) == 16 * 16).all()


def test_views_are_a_function_of_the_seed_and_stay_in_range() -> None:
    x = torch.rand(6, 3, 40, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for recipe in (views.STRONG, views.CROPPED, views.MILD, views.FIRST, views.SECOND, views.LOCAL):
        a, b = (views.view(x, recipe, 32, np.random.default_rng(4)) for _ in range(2))
        assert torch.equal(a, b) and a.shape == (6, 3, 32, 32) and float(a.abs().max()) <= 1.0001
    assert not torch.equal(a, views.view(x, views.LOCAL, 32, np.random.default_rng(5)))


def test_a_view_without_change_is_the_photo() -> None:
    still = views.Recipe(area=(2.0, 2.0), colour=0, gray=0, blur=0, mirror=0)
    x = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.allclose(views.view(x, still, 32, np.random.default_rng(0)), x, atol=1e-4)


def test_collapse_is_seen() -> None:
    assert not collapse.spread(torch.randn(100, 16, generator=torch.Generator().manual_seed(0))).collapsed
    assert collapse.spread(torch.ones(100, 16) + 1e-3 * torch.randn(100, 16)).collapsed
    line = torch.linspace(-1, 1, 100)[:, None] * torch.ones(1, 16)
    assert collapse.spread(line).collapsed, "one axis is no embedding"
    assert collapse.spread(torch.full((4, 3), float("nan"))).collapsed
