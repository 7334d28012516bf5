"""Embeds and classifies a folder or a Parquet of photos with Ray: python embed_with_ray.py PHOTOS OUTPUT [--task parts.tnn]

On a cluster (RAY_ADDRESS), photos and output are on storage that all nodes see. See photo_table.py for what stops and starts keep.
"""

from __future__ import annotations

import time

import ray
from photo_table import arguments, parts, write_part


def main() -> None:
    options = arguments("Ray")
    left = parts(options.photos, options.output, options.part)
    ray.init(num_cpus=options.workers, include_dashboard=False, log_to_driver=False)
    work = ray.remote(num_cpus=1)(write_part)
    output = str(options.output.absolute())
    start, photos = time.monotonic(), 0
    waiting = [work.remote(row["part"], row["items"], output, options.encoder, options.task) for row in left]
    while waiting:
        done, waiting = ray.wait(waiting)
        photos += sum(ray.get(done))
    seconds = time.monotonic() - start
    print(f"{photos} photos in {seconds:.1f} s, {photos / max(seconds, 1e-9):.1f} a second, {options.workers} workers of Ray")
    ray.shutdown()


if __name__ == "__main__":
    main()
