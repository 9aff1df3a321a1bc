# A step of .ci/run (source it in steps.sh), behind `wheel`: all tests that need neither sockets, processes nor threads, in
# Pyodide, from the wheel and pure-Python wheels that are unpacked into it. It is the only CPython 3.14 that every machine
# with node and npm can have. shellcheck shell=bash
pyodide() {
    local wheels=("$work"/dist/*.whl) folder=$work/pyodide options
    mkdir -p "$folder/wheels" "$folder/project"
    new_environment pyodide-pip 3.11
    (cd "$folder" && npm pack --silent pyodide@314.0.7 && tar xzf pyodide-*.tgz)
    pure=(python -m pip install --quiet --no-compile --target "$folder/wheels" --only-binary :all:
        --python-version 3.14 --implementation py --abi none --platform any)
    "${pure[@]}" betterproto2==0.10.0 typing_extensions protobuf==7.36.2 'pytest>=9.2,<10' 'h2>=4.4,<5' \
        'click>=8.1.8,<9' 'rich>=13.9,<16' 'proto-schema-parser>=2.1,<2.2'
    # Without what they would bring along that is compiled: grpcio, and for ours grpclib's multidict.
    "${pure[@]}" --no-deps "${wheels[0]}" chaukas-spec-client==1.0.5 chaukas-spec-server==1.0.5 \
        googleapis-common-protos==1.76.0 grpcio-health-checking==1.85.1 grpcio-reflection==1.85.1 \
        'hypothesis>=6.150,<7' sortedcontainers 'grpclib>=0.4.9,<0.5'
    # multidict has a pure form, but no wheel of it.
    MULTIDICT_NO_EXTENSIONS=1 python -m pip wheel --quiet --no-deps --no-binary multidict \
        --wheel-dir "$folder/multidict" 'multidict>=6,<8'
    "${pure[@]}" --no-deps "$folder"/multidict/*.whl
    # Not the checkout itself: the package that is tested has to be the wheel's.
    cp -r tests proto codegen pyproject.toml README.md "$folder/project"
    mapfile -t options < <(grep -v '^#' .ci/pyodide)
    # Nested data takes more of the stack in WebAssembly than Node allows by default.
    ulimit -s unlimited
    node --stack-size=60000 .ci/pyodide.mjs "$folder/package" "$folder/wheels" "$folder/project" "${options[@]}"
}
