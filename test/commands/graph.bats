# zfs2s3-graph: the catalog as edges.
load helper

setup_file() {
  start_s3
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data put_chain 4
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data put_fixture chain-1-4
}
teardown_file() { stop_s3; }
setup() {
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  can_run_here
}

@test "without a catalog it prints nothing, and makes none" {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/nothing
  run -0 --separate-stderr zfs2s3-graph
  [ "$output$stderr" = "" ]
  [ ! -e "$ZFS2S3_DATA_DIR" ]
}

@test "one line of JSON for each edge, a base before what needs it" {
  run -0 --separate-stderr zfs2s3-graph
  [ "$stderr" = "" ]
  [ "${#lines[@]}" -eq 5 ]
  [ "$(jq -sc 'map(.snapshot[-1:] + "<" + (.base // "@0")[-1:])' <<<"$output")" = '["1<0","2<1","3<2","4<3","4<1"]' ]
  jq -se 'to_entries as $all | all($all[]; .value.base_guid as $base | $base == null or
    any($all[:.key][]; .value.guid == $base))' <<<"$output"
}

@test "GUIDs are strings, digit for digit" {
  [ "$(zfs2s3-graph | jq -rs 'map(.guid) | unique[]')" = \
    "$(jq -r '.streams[] | select(.file | test("^chain-[1-3](-[2-4])?.zs")).guid' "$fixtures/manifest.json" | sort -u)" ]
}

@test "it says what is restorable, what may be removed, and how many need it" {
  [ "$(zfs2s3-graph | jq -c '[.restorable, .removable, .dependents]' | paste -sd' ')" = \
    "[true,false,2] [true,false,1] [true,false,1] [true,true,0] [true,true,0]" ]
}

@test "it asks only the catalog: neither S3 nor zfs is needed" {
  run -0 --separate-stderr env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 zfs2s3-graph
  [ "${#lines[@]}" -eq 5 ]
}

@test "its own records lead back to their edges" {
  zfs2s3-graph | while read -r edge; do
    [ "$(zfs2s3-get <<<"$edge" | sha256sum)" = \
      "$(sha256sum <"$fixtures/chain-$(jq -r '(.base // "")[-1:] + (if .base then "-" else "" end) + .snapshot[-1:]' <<<"$edge").zs")" ] || exit 1
  done
}

@test "--from - computes as if the edges on stdin were all there is" {
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| jq -c 'select(.snapshot != "tank/chain@day2")' \| zfs2s3-graph --from -
  [ "$(jq -c '[.snapshot[11:15], .restorable, .removable]' <<<"$output" | paste -sd' ')" = \
    '["day1",true,false] ["day4",true,true] ["day3",false,false] ["day4",true,true]' ]
}

@test "--from -: an edge that is there twice is still one" {
  run -0 --separate-stderr bats_pipe jq -c . <(zfs2s3-graph) <(zfs2s3-graph) \| zfs2s3-graph --from -
  [ "$output" = "$(zfs2s3-graph)" ]
}

@test "--tree draws the chain: 80 columns and no colours in a pipe, ASCII where the locale is not UTF-8" {
  run -0 --separate-stderr env -u COLUMNS LC_ALL=C.UTF-8 zfs2s3-graph --tree
  [ "$stderr" = "" ]
  [ "${lines[0]}" = "tank/chain  5 streams, 154 KiB" ]
  [[ "${lines[1]}" == "╭─■ @day1 full     74.8 KiB  needed by 2  "*"  STANDARD" ]]
  [[ "${lines[4]}" == "╰▸◆ @day4 ← @day1  27.4 KiB  removable    "*"  STANDARD" ]]
  LC_ALL=C run -0 zfs2s3-graph --tree
  [[ "${lines[4]}" == "'>o @day4 <- @day1  27.4 KiB  "* ]]
  COLUMNS=30 run -0 zfs2s3-graph --tree
  [ "$(wc -L <<<"$output")" -le 30 ]
}

@test "--tree has colours on a terminal, unless NO_COLOR is set" {
  export TERM=xterm-256color LC_ALL=C.UTF-8
  [ "$(at_terminal "zfs2s3-graph --tree" | grep -c $'\e\[33m■')" -eq 1 ]
  [ "$(at_terminal "NO_COLOR=1 zfs2s3-graph --tree" | grep -c $'\e')" -eq 0 ]
}

@test "--svg and --dot have every snapshot in them" {
  zfs2s3-graph --svg | grep -q '>@day4 ← @day1</text>'
  [ "$(zfs2s3-graph --dot | grep -c 'label="@day[1-4]"')" -eq 4 ]
}

@test "pictures of edges on stdin; two pictures at once are status 2" {
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| jq -c 'select(.base == null)' \| zfs2s3-graph --from - --tree
  [ "${#lines[@]}" -eq 2 ]
  run -2 --separate-stderr zfs2s3-graph --tree --dot
  says "zfs2s3-graph: --tree and --dot are two different pictures: give one"
}

@test "without a catalog there is nothing to draw" {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/nothing
  run -0 --separate-stderr zfs2s3-graph --tree
  [ "$output$stderr" = "" ]
}

@test "--from: something else, and what is no edge, are status 2" {
  run -2 --separate-stderr zfs2s3-graph --from bukket
  says "zfs2s3-graph: --from is 'bukket': give catalog, copy, bucket, or - for edges on stdin"
  run -2 --separate-stderr zfs2s3-graph --from - <<<'{"snapshot":"tank/home@a"}'
  says 'zfs2s3-graph: record 1 of the input: "guid" of tank/home@a is missing'
}

@test "a damaged catalog is status 1, and not an empty one" {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR
  head -c 500 "$BATS_FILE_TMPDIR/data/stored_snapshots.yml" >"$(catalog)"
  run -1 --separate-stderr zfs2s3-graph
  says "zfs2s3-graph: $(catalog) is damaged: it breaks off before its last line"
}

@test "an argument too many is status 2" {
  run -2 --separate-stderr zfs2s3-graph tank/chain@day1
  says "zfs2s3-graph: 'tank/chain@day1' is one argument too many: see --help"
}

@test "1,000 edges take well under a second" {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR
  python_catalog 1000 >"$(catalog)"
  run -0 --separate-stderr zfs2s3-graph
  [ "${#lines[@]}" -eq 1000 ]
  # Of the processor's time: the machine may be busy with other tests.
  local TIMEFORMAT=%U spent
  spent=$({ time zfs2s3-graph >/dev/null; } 2>&1)
  [ "$((10#${spent/./}))" -lt 1000 ]
}

# python_catalog N: a chain of N edges as the Python tool would have written it.
python_catalog() {
  local edge base=null
  printf '!S3BackupStructureDto\nbackups:\n'
  for ((edge = 1; edge <= $1; edge++)); do
    printf -- "- !S3BackupDto\n  base: %s\n  snapshot: &id%04d !SnapshotDto\n    guid: '%d'\n    name: tank/home@%d\n" \
      "$base" "$edge" "$((edge + 10 ** 18))" "$edge"
    printf -v base '*id%04d' "$edge"
  done
}
