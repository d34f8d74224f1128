"""Builds `static-minilm-256.bin` and the tokenizer's test cases. Run through build.sh, which fixes the environment."""

import argparse
import hashlib
import json
import sys
import tempfile
import zlib
from pathlib import Path

import cases
import characters
import distil
import encoder
import table_format

MODEL = "static-minilm-256-v1"
TABLE = "static-minilm-256.bin"
CASES = "tokenizer-cases.json"
COMMITTED = Path(__file__).resolve().parents[2] / "shared/src/embedding/table"


def build(target):
    ids, tokens = distil.wanted(encoder.vocabulary())
    print(f"encoding {len(tokens)} tokens", file=sys.stderr)
    teacher = encoder.Encoder().encode_single_tokens(ids)
    directions = distil.directions(teacher)
    weights = distil.weights(ids, tokens)
    print("reading the characters' actions off the tokenizer", file=sys.stderr)
    table = table_format.serialise(MODEL, tokens, directions, weights, characters.entries())
    (target / TABLE).write_bytes(table)
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases.with_ids(tokens))
    (target / CASES).write_text(f"[\n{lines}\n]\n", encoding="ascii")
    print(f"{TABLE}: {len(table)} bytes, {len(zlib.compress(table, 9))} deflated", file=sys.stderr)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true", help="compare with the committed files")
    check = arguments.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) if check else COMMITTED
        build(target)
        for name in (TABLE, CASES):
            content = (target / name).read_bytes()
            print(hashlib.sha256(content).hexdigest(), name)
            if check and content != (COMMITTED / name).read_bytes():
                sys.exit(f"{name} differs from the committed file")


if __name__ == "__main__":
    main()
