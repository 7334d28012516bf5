"""Few-shot accuracy on the held-out folders: what every choice of the recipe is made by."""

import numpy as np
import torch

import archives
import episodes
import student

# Sets of held-out folders: archive, and the start of the folders' names.
SETS = {
    "tools": ("objects_128", ("tools_",)),
    "household": ("objects_128", ("kitchen_", "floor_", "clothing_s")),
    "instruments": ("objects_128", ("instrument_",)),
    "mangroves": ("nature_128", ("mangrove_",)),
    "fruit": ("nature_128", ("fresh_rotten_",)),
    "ingredients": ("nature_128", ("ingredient_",)),
    "butterflies": ("nature_128", ("leeds_butterflies_",)),
    "textures": ("surfaces_128", ("dtd_",)),
    "damage": ("surfaces_128", ("car_damage_",)),
    "caltech": ("caltech61_128", ("",)),
    "tiny": ("tiny_imagenet_40k", ("",)),
}


class HeldOut:
    """Pixels and labels of the held-out photos, in the sets above."""

    def __init__(self, photos: list[archives.Photo], views: np.ndarray, pixels: np.ndarray) -> None:
        rows = [r for r in range(len(views)) if photos[views[r, 0]].held_out]
        self.rows = np.array(sorted(rows, key=lambda r: int(views[r, 0])))
        self.pixels = pixels[self.rows]
        self.of = [photos[views[r, 0]] for r in self.rows]

    def score(self, embeddings: np.ndarray, count: int = 300) -> dict[str, list[float]]:
        """5-way accuracy at 1 and 5 shots of each set, and `mean`; the same episodes for all encoders."""
        result = {}
        for name, (archive, starts) in SETS.items():
            mine = [
                i for i, p in enumerate(self.of) if archives.ARCHIVES[p.archive].name == archive and p.folder.startswith(starts)
            ]
            labels = np.unique([self.of[i].folder for i in mine], return_inverse=True)[1]
            queries = 10 if name == "damage" else 15
            result[name] = [episodes.accuracy(embeddings[mine], labels, s, count, queries=queries)[0] for s in (1, 5)]
        result["mean"] = np.mean(list(result.values()), 0).tolist()
        return {name: [round(float(v), 2) for v in row] for name, row in result.items()}

    @torch.inference_mode()
    def embed(self, network: torch.nn.Module, side: int = archives.SIDE) -> np.ndarray:
        """The encoder's embeddings of all held-out photos at `side` pixels."""
        network.eval()
        parts = []
        for pixels in np.array_split(self.pixels, -(-len(self.pixels) // 64)):
            x = student.normalized(pixels)
            if side != x.shape[-1]:
                x = torch.nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
            parts.append(network(x).numpy())
        return np.concatenate(parts)
