# zfs2s3-check: may these be removed? The README's two examples are here, and in rm.bats.
load helper

setup_file() {
  start_s3
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data put_chain 4
}
teardown_file() { stop_s3; }
# day1 -> day2 -> day3 -> day4, and nothing in these tests changes it.
setup() {
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data
  can_run_here
}

# S3 is not asked: these tests end the same without one.
check() {
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 zfs2s3-check "$@"
}

@test "the last one may go: it is printed, and nothing is said" {
  run -0 --separate-stderr check tank/chain@day4 --base tank/chain@day3
  [ "$stderr" = "" ]
  [ "$(jq -r '.snapshot + " " + .base' <<<"$output")" = "tank/chain@day4 tank/chain@day3" ]
}

@test "one in the middle may not: status 3, nothing printed, and who would be abandoned through what" {
  run -3 --separate-stderr check tank/chain@day3 --base tank/chain@day2
  says "zfs2s3-check: removing tank/chain@day3 <- tank/chain@day2 would abandon tank/chain@day4 (through tank/chain@day4 <- tank/chain@day3): remove those as well, or store a bypass first"
}

@test "the full stream that all need may not go" {
  run -3 --separate-stderr check tank/chain@day1
  says "would abandon tank/chain@day2, tank/chain@day3, tank/chain@day4"
}

@test "a set is judged together, and printed in an order in which each may go" {
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| check
  [ "$(jq -r .snapshot <<<"$output" | paste -sd' ')" = \
    "tank/chain@day4 tank/chain@day3 tank/chain@day2 tank/chain@day1" ]
}

@test "a set that leaves something unsupported is refused as a whole" {
  run -3 --separate-stderr bats_pipe zfs2s3-graph \| jq -c 'select(.snapshot | test("day[23]"))' \| check
  says "zfs2s3-check: removing tank/chain@day2 <- tank/chain@day1, tank/chain@day3 <- tank/chain@day2 would abandon tank/chain@day4"
}

@test "a record needs no more than names" {
  run -0 check <<<'{"snapshot":"tank/chain@day4"}'
  run -0 check <<<'{"snapshot":"tank/chain@day4","base":"tank/chain@day3","whatever":1}'
  run -3 check <<<'{"snapshot":"tank/chain@day4","base":null}'
}

@test "a GUID wins over a name" {
  run -3 --separate-stderr check <<<'{"snapshot":"tank/chain@day4","guid":"17"}'
  says "tank/chain@day4 is not stored, but another snapshot of that name"
}

@test "nothing on stdin asks for nothing" {
  run -0 --separate-stderr check </dev/null
  [ "$output$stderr" = "" ]
}

@test "what is not stored is refused with status 3" {
  run -3 --separate-stderr check tank/chain@day4 --base tank/chain@day1
  says "zfs2s3-check: tank/chain@day4 <- tank/chain@day1 is not stored: to that name there is: tank/chain@day4 <- tank/chain@day3"
  run -3 --separate-stderr check tank/other@a
  says "zfs2s3-check: tank/other@a is not stored: see zfs2s3-graph for what is"
}

@test "input that is no record is status 2, with its place" {
  run -2 --separate-stderr check < <(zfs2s3-graph | head -2 && echo hello)
  says "zfs2s3-check: 'hello' in the input is not JSON: give it what zfs2s3-graph prints"
  run -2 --separate-stderr check <<<'{"guid":"5"}'
  says "zfs2s3-check: record 1 of the input: \"snapshot\" is missing"
  run -2 --separate-stderr check <<<'{"snapshot":"tank/chain@day4","guid":9808816744826604517}'
  says "\"guid\" of tank/chain@day4 is a number, and numbers are only exact up to 2^53"
  run -2 --separate-stderr check tank/chain
  says "'tank/chain' is not the name of a snapshot"
  run -2 --separate-stderr check --base tank/chain@day1
  says "--base is given without a snapshot"
}

@test "without an argument a terminal as stdin is wrong usage" {
  run -2 at_terminal zfs2s3-check
  [[ "$output" == "zfs2s3-check: no edge is named, and stdin is a terminal"* ]]
}

@test "a catalog that can't be read is status 1" {
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR
  echo "[" >"$(catalog)"
  run -1 --separate-stderr check tank/chain@day4
  says "zfs2s3-check: $(catalog), line 2: can't be read as YAML"
}

@test "an upload on its way counts as something that needs its base" {
  fresh
  put_fixture chain-1
  s3 POST faults "{\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"code\":\"AccessDenied\"}"
  run -1 zfs2s3-put <"$fixtures/chain-1-2.zs"
  run -3 --separate-stderr check tank/chain@day1
  says "would leave without what they need: tank/chain@day2 <- tank/chain@day1"
}
