#!/bin/sh
# Makes .venv and installs what is pinned.   setup.sh REQUIREMENTS STAMP
# Every way this can fail ends in one sentence that says what mends it.
set -u
requirements=$1
stamp=$2

fail() {
    printf '\n%s\n\n' "$1" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
}

[ -w . ] || fail "This folder ($(pwd)) cannot be written by you: take it back with 'sudo chown -R $(id -un) .' or clone into a folder of yours."

# A venv whose Python has gone (an upgrade of the system) is made anew.
if [ -e .venv ] && ! new_enough .venv/bin/python; then
    rm -rf .venv || fail "The folder .venv cannot be removed: take it back with 'sudo chown -R $(id -un) .venv'."
fi

if [ ! -e .venv/bin/pip ]; then
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11 or newer is needed: 'sudo apt-get install python3 python3-venv' on Debian or Ubuntu, 'brew install python' on macOS."
    "$python" -c 'import ensurepip, venv' 2>/dev/null \
        || fail "Python's venv module is missing: 'sudo apt-get install python3-venv' mends it."
    echo "Making .venv with $("$python" --version) …"
    "$python" -m venv .venv || fail "The folder .venv could not be made; is the disk full?"
fi

echo "Installing $requirements …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --requirement "$requirements" --constraint constraints.txt \
    || fail "The packages could not be installed (see above): check the network, then run the same command again."
touch "$stamp"
