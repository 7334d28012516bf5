"""Embeds and classifies a folder or a Parquet of photos with Spark: python embed_with_spark.py PHOTOS OUTPUT [--task parts.tnn]

On a cluster: spark-submit --py-files photo_table.py embed_with_spark.py ..., with photos and output on storage that all nodes
see. See photo_table.py for what stops and starts keep.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pandas
from photo_table import arguments, parts, write_part
from pyspark.sql import SparkSession


def main() -> None:
    options = arguments("Spark")
    left = parts(options.photos, options.output, options.part)
    # The workers' Python is this one.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("edgessl").config("spark.ui.enabled", "false")
    # One part at a time goes to a worker.
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "1")
    spark = builder.master(f"local[{options.workers}]").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    output, encoder, task = str(options.output.absolute()), options.encoder, options.task

    def embed(batches: Iterator[pandas.DataFrame]) -> Iterator[pandas.DataFrame]:
        for batch in batches:
            counts = [write_part(row.part, list(row.items), output, encoder, task) for row in batch.itertuples()]
            yield pandas.DataFrame({"photos": counts})

    start, photos = time.monotonic(), 0
    if left:
        table = spark.createDataFrame([(row["part"], row["items"]) for row in left], "part string, items array<string>")
        counts = table.repartition(len(left)).mapInPandas(embed, "photos long").collect()
        photos = sum(row.photos for row in counts)
    seconds = time.monotonic() - start
    print(f"{photos} photos in {seconds:.1f} s, {photos / max(seconds, 1e-9):.1f} a second, {options.workers} workers of Spark")
    spark.stop()


if __name__ == "__main__":
    main()
