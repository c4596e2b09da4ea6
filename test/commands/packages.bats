# zfs send -I and -R make packages: one edge that brings several snapshots, and needs what none of its own streams brings.
load helper
load streams

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# put_all NAME...: stores these streams.
put_all() {
  local name
  for name in "$@"; do put_fixture "$name" >/dev/null; done
}

# edge SNAPSHOT [FIELD...]: fields of the catalog's edge to it, names for lists of snapshots.
edge() {
  local snapshot=$1
  shift
  zfs2s3-graph | jq -r --arg snapshot "$snapshot" --args 'select(.snapshot == $snapshot) | [.[$ARGS.positional[]] |
    if type == "array" then map(.snapshot // .name) | join("+") else . end | tostring] | join(" ")' "$@"
}

# cut_out FILE N: the Nth stream of a package, as a stream of its own.
cut_out() {
  local from to
  from=$(substream "$1" "$2")
  to=$(substream "$1" $(($2 + 1)))
  head -c "$to" "$1" | tail -c +$((from + 1))
}

@test "the edge of a -I package lists what it brings and what it needs" {
  put_all plain-full plain-all-I
  [ "$(edge tank/plain@three base provides needs restorable)" = \
    "tank/plain@one tank/plain@two+tank/plain@three tank/plain@one true" ]
}

@test "the edges of -R packages list the snapshots of all datasets" {
  put_all repl-R-full repl-R-incr
  [ "$(edge tank/tree@one base provides needs)" = "null tank/tree@one+tank/tree/kid@one+tank/tree/kid/baby@one " ]
  [ "$(edge tank/tree@two base provides needs)" = "tank/tree@one tank/tree@two+tank/tree/kid@two+tank/tree/kid/baby@two \
tank/tree@one+tank/tree/kid@one+tank/tree/kid/baby@one" ]
}

@test "the GUIDs are those that the inner streams say" {
  put_all repl-R-full
  [ "$(zfs2s3-graph | jq -r '.provides[].guid')" = \
    "$(zfs2s3-inspect <"$fixtures/repl-R-full.zs" | jq -r 'select(.kind != "package") | .toguid')" ]
}

@test "packages come back byte for byte" {
  put_all plain-full plain-all-I repl-R-full repl-R-incr
  zfs2s3-get tank/plain@three | cmp - "$fixtures/plain-all-I.zs"
  zfs2s3-get tank/tree@one | cmp - "$fixtures/repl-R-full.zs"
  zfs2s3-get tank/tree@two | cmp - "$fixtures/repl-R-incr.zs"
}

@test "zfs send -p makes a package of one stream, which is an edge like any full one" {
  put_all plain-props-p
  [ "$(edge tank/plain@one base key)" = "null ${ZFS2S3_PREFIX}tank/plain@one" ]
  [ "$(zfs2s3-graph | jq 'has("provides")')" = false ]
  put_all plain-incr
  run --separate-stderr zfs2s3-put <"$fixtures/plain-full.zs"
  [ "$status" -eq 3 ]
  [[ "$stderr" == *"is stored already"* ]]
}

@test "a package whose base is not stored is refused" {
  local name
  for name in plain-all-I repl-R-incr; do
    run -3 --separate-stderr zfs2s3-put <"$fixtures/$name.zs"
    [[ "$stderr" == *"is not stored"* ]]
  done
  [ "$(bucket_has)" = "" ]
  [ "$(zfs2s3-graph)" = "" ]
}

@test "a package of which one dataset's base is not stored is refused" {
  zfs2s3-put < <(cut_out "$fixtures/repl-R-full.zs" 1)
  run -3 --separate-stderr zfs2s3-put <"$fixtures/repl-R-incr.zs"
  [[ "$stderr" == *"the base of tank/tree/kid@two (GUID "*") is not stored"* ]]
  [ "$(snapshots)" = tank/tree@one ]
}

@test "an increment goes onto a snapshot from the middle of a package" {
  put_all plain-full plain-all-I plain-empty-incr
  [ "$(zfs2s3-graph | jq -r 'select(.base == "tank/plain@two") | .restorable')" = true ]
}

@test "a base may not go while a package needs it" {
  put_all plain-full plain-all-I
  run -3 --separate-stderr zfs2s3-check tank/plain@one
  [ "$output" = "" ]
  [[ "$stderr" == *"would abandon tank/plain@two, tank/plain@three"* ]]
  run -3 zfs2s3-rm tank/plain@one
  [ "$(snapshots | wc -l)" -eq 2 ]
}

@test "a package may not go while an increment needs a snapshot from its middle" {
  put_all plain-full plain-all-I plain-empty-incr
  run -3 --separate-stderr zfs2s3-rm tank/plain@three --base tank/plain@one
  [ "$output" = "" ]
  [[ "$stderr" == *"tank/plain@three <- tank/plain@two"* ]]
  [ "$(snapshots | wc -l)" -eq 3 ]
}

@test "a package may go when a bypass brings what is needed from it" {
  put_all plain-full plain-all-I plain-empty-incr plain-incr
  run -0 --separate-stderr zfs2s3-rm tank/plain@three --base tank/plain@one
  [ "$(jq -r .key <<<"$output")" = "${ZFS2S3_PREFIX}tank/plain@three <- tank/plain@one#package" ]
  [ "$(zfs2s3-graph | jq -r '"\(.snapshot) \(.restorable)"')" = "tank/plain@one true
tank/plain@two true
tank/plain@three true" ]
  [ "$(bucket_has | wc -l)" -eq 3 ]
}

@test "the increments that a package replaces may go, one by one or together" {
  put_all plain-full plain-incr plain-empty-incr plain-all-I
  run -0 zfs2s3-check tank/plain@two
  run -0 eval 'zfs2s3-graph | jq -c "select(.base and (.key | endswith(\"#package\") | not))" | zfs2s3-check | zfs2s3-rm'
  [ "$(snapshots | paste -sd ' ')" = "tank/plain@one tank/plain@three" ]
}

@test "a whole tree is removed with its packages, last one first" {
  put_all repl-R-full repl-R-incr
  run -3 zfs2s3-rm tank/tree@one
  run -0 eval 'zfs2s3-graph | zfs2s3-rm'
  [ "$(jq -r .snapshot <<<"$output" | paste -sd ' ')" = "tank/tree@two tank/tree@one" ]
  [ "$(bucket_has)" = "" ]
}

@test "a package is looked into when it is compressed, too" {
  run -0 zfs2s3-put < <(gzip -c "$fixtures/repl-R-full.zs")
  [ "$(edge tank/tree@one provides)" = "tank/tree@one+tank/tree/kid@one+tank/tree/kid/baby@one" ]
}
