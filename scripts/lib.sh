# What the scripts share. Sourced, with $top set to the project's folder.

cores=$(nproc)

say() { echo "== $*"; }

# build PRESET TARGET...: configures and builds; says how far it is, and everything only when it fails.
build() {
  local preset=$1 log begin=$SECONDS
  shift
  mkdir -p "$top/build"
  log=$top/build/$preset.log
  say "building $preset ($*)"
  if ! (cd "$top" && cmake --preset "$preset" >"$log" 2>&1); then
    cat "$log" >&2
    return 1
  fi
  # On a terminal ninja writes over its own line; elsewhere every 25th step is said.
  if [ -t 1 ]; then
    (cd "$top" && NINJA_STATUS="   step %f of %t, %e s: " cmake --build --preset "$preset" -j "$cores" --target "$@") ||
      return 1
  else
    (cd "$top" && NINJA_STATUS="   step %f of %t: " cmake --build --preset "$preset" -j "$cores" --target "$@") >>"$log" 2>&1 &
    local builder=$! shown=0 steps line
    while kill -0 "$builder" 2>/dev/null; do
      steps=$(grep -c '^   step ' "$log" || true)
      if [ "$((steps / 25))" -gt "$((shown / 25))" ]; then
        line=$(grep '^   step ' "$log" | tail -n 1)
        echo "${line%%: *}, $((SECONDS - begin)) s"
        shown=$steps
      fi
      sleep 1
    done
    if ! wait "$builder"; then
      grep -v '^   step ' "$log" >&2 || true
      say "building $preset FAILED; the whole log is build/$preset.log"
      return 1
    fi
  fi
  say "built $preset in $((SECONDS - begin)) s"
}
