# Commands joined by pipes, as in the README: quiet when all is well, and nothing done by halves when it isn't.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# Statuses of a pipeline that a test writes out itself, without bats_pipe.
set -o pipefail

@test "a retention policy of one's own: graph, jq, check, rm" {
  put_chain 4
  put_fixture chain-1-4
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| jq -c 'select(.snapshot | test("@day[23]$")), select(.base == "tank/chain@day3")' \| zfs2s3-check \| zfs2s3-rm
  [ "$stderr" = "" ]
  [ "$(jq -r .snapshot <<<"$output" | paste -sd' ')" = "tank/chain@day4 tank/chain@day3 tank/chain@day2" ]
  [ "$(keys)" = "$(printf '%s\n' tank/chain@day1 "tank/chain@day4 <- tank/chain@day1")" ]
}

@test "nothing is deleted when check says no, although rm runs" {
  put_chain 4
  objects >"$BATS_TEST_TMPDIR/before"
  run -3 --separate-stderr bats_pipe zfs2s3-graph \| jq -c 'select(.snapshot | test("@day[23]$"))' \| zfs2s3-check \| zfs2s3-rm
  says "zfs2s3-check: removing "
  cmp <(objects) "$BATS_TEST_TMPDIR/before"
  [ "$(snapshots | wc -l)" -eq 4 ]
}

@test "nothing is deleted when what comes before breaks off in the middle of a line" {
  put_chain 3
  objects >"$BATS_TEST_TMPDIR/before"
  run -2 --separate-stderr bats_pipe zfs2s3-graph \| tac \| head -c 1000 \| zfs2s3-rm
  [ "$output" = "" ]
  [[ "$stderr" == "zfs2s3-rm: "*"in the input is not JSON"* ]]
  cmp <(objects) "$BATS_TEST_TMPDIR/before"
}

@test "one edge's removable says what check says" {
  put_chain 4
  put_fixture chain-1-4
  local edge said
  zfs2s3-graph >"$BATS_TEST_TMPDIR/edges"
  while read -r edge; do
    said=true
    zfs2s3-check <<<"$edge" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || said=false
    [ "$said" = "$(jq .removable <<<"$edge")" ]
  done <"$BATS_TEST_TMPDIR/edges"
}

@test "a chain that was read back in receive order is the chain that was stored" {
  local file
  for file in chain-1 chain-1-2 chain-2-3; do zfs2s3-put <"$fixtures/$file.zs"; done >"$BATS_TEST_TMPDIR/edges"
  while read -r edge; do zfs2s3-get <<<"$edge"; done <"$BATS_TEST_TMPDIR/edges" |
    cmp - <(cat "$fixtures"/chain-{1,1-2,2-3}.zs)
}

@test "the edge that put prints names it for the other commands" {
  zfs2s3-put <"$fixtures/chain-1.zs" | zfs2s3-check | zfs2s3-rm >"$BATS_TEST_TMPDIR/removed"
  [ "$(jq -r .snapshot "$BATS_TEST_TMPDIR/removed")" = tank/chain@day1 ]
  [ "$(keys)" = "" ]
}

@test "a closed stdout ends a command quietly" {
  put_chain 2
  local call
  for call in zfs2s3-graph zfs2s3-pending "zfs2s3-get tank/chain@day1" "zfs2s3-put --help" zfs2s3-check; do
    # Closed before anything is written.
    { zfs2s3-graph | $call; } 2>"$BATS_TEST_TMPDIR/err" | true || true
    [ ! -s "$BATS_TEST_TMPDIR/err" ]
  done
  zfs2s3-graph 2>"$BATS_TEST_TMPDIR/err" | head -1 >"$BATS_TEST_TMPDIR/first" || true
  [ "$(jq -r .snapshot "$BATS_TEST_TMPDIR/first")" = tank/chain@day1 ]
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "a graph of many edges, of which only the first is wanted" {
  mkdir "$ZFS2S3_DATA_DIR"
  cp "$fixtures/python-tool/chain-of-400.yml" "$(catalog)"
  zfs2s3-graph 2>"$BATS_TEST_TMPDIR/err" | head -1 >"$BATS_TEST_TMPDIR/first" || true
  [ "$(wc -l <"$BATS_TEST_TMPDIR/first")" -eq 1 ]
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}

@test "a removal whose reader has gone goes on no further than what it has printed, and leaves nothing half done" {
  put_chain 3
  zfs2s3-graph >"$BATS_TEST_TMPDIR/edges"
  { zfs2s3-rm <"$BATS_TEST_TMPDIR/edges" || true; } | true
  # What is listed is there, and what is there is listed.
  [ "$(zfs2s3-graph | jq -r .key | sort)" = "$(objects | jq -r --arg prefix "$ZFS2S3_PREFIX" '$prefix + .key' | sort)" ]
  [ "$(ls "$ZFS2S3_DATA_DIR/removals")" = "" ]
}

@test "what zfs send writes to stderr is not put's to say" {
  run -4 --separate-stderr bats_pipe sh -c 'echo "cannot open: no such dataset" >&2; exit 1' \| zfs2s3-put
  [ "$output" = "" ]
  [ "${stderr_lines[0]}" = "cannot open: no such dataset" ]
  [[ "${stderr_lines[1]}" == "zfs2s3-put: stdin is empty: "* ]]
  [ "${#stderr_lines[@]}" -eq 2 ]
}
