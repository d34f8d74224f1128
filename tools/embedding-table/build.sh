#!/bin/sh
# Builds the static embedding table and the tokenizer's test cases, in a private virtual environment.
#
#     tools/embedding-table/build.sh           writes shared/src/embedding/table/ (about two minutes)
#     tools/embedding-table/build.sh --check   builds elsewhere and compares with what is committed
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv="$root/.local/embedding-table/venv"

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --no-deps --requirement "$here/requirements.txt"

# Rounding differs between processors unless all of them take the same code paths: one thread, AVX2 everywhere.
export OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell
export NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR"
exec nice "$venv/bin/python" -B "$here/build.py" "$@"
