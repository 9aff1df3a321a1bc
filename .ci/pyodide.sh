# A step of .ci/run (source it in steps.sh), behind `wheel`: encode, decode and JSON tests in Pyodide, from the wheel and
# pure-Python wheels that are unpacked into it. Needs node and npm. shellcheck shell=bash
pyodide() {
    local wheels=("$work"/dist/*.whl) folder=$work/pyodide paths
    mkdir -p "$folder/wheels" "$folder/project"
    new_environment pyodide-pip 3.11
    (cd "$folder" && npm pack --silent pyodide@314.0.7 && tar xzf pyodide-*.tgz)
    pure=(python -m pip install --quiet --no-compile --target "$folder/wheels" --only-binary :all:
        --python-version 3.14 --implementation py --abi none --platform any)
    "${pure[@]}" betterproto2==0.10.0 typing_extensions protobuf==7.36.2 'pytest>=9.2,<10'
    # Without what they would bring along that is compiled: grpcio, and for ours grpclib's multidict.
    "${pure[@]}" --no-deps "${wheels[0]}" chaukas-spec-client==1.0.5 chaukas-spec-server==1.0.5 \
        googleapis-common-protos==1.76.0 'hypothesis>=6.150,<7' sortedcontainers 'proto-schema-parser>=2.1,<2.2' \
        antlr4-python3-runtime
    # Not the checkout itself: the package that is tested has to be the wheel's.
    cp -r tests proto codegen pyproject.toml README.md "$folder/project"
    mapfile -t paths < <(grep -v '^#' .ci/pyodide)
    node .ci/pyodide.mjs "$folder/package" "$folder/wheels" "$folder/project" "${paths[@]}"
}
