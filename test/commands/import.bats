# zfs2s3-import: edges into the catalog.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# lost: the machine with the catalog is lost; what it knew is in $known.
lost() {
  known=$(zfs2s3-graph | jq -cS 'del(.stored)' | sort)
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/new
}

@test "a lost catalog is rebuilt from the bucket, and what it protected is protected again" {
  needs_s3 checksums
  put_chain 4 && put_fixture chain-1-4 && put_fixture raw-w-full
  lost
  run -0 --separate-stderr bats_pipe zfs2s3-graph --from bucket \| zfs2s3-import
  [ "$stderr" = "" ] && [ "${#lines[@]}" -eq 6 ]
  [ "$(zfs2s3-graph | jq -cS 'del(.stored)' | sort)" = "$known" ]
  run -3 zfs2s3-check tank/chain@day1
  zfs2s3-get tank/chain@day3 | cmp - "$fixtures/chain-2-3.zs"
  run -0 --separate-stderr zfs2s3-rm tank/chain@day4 --base @day3
}

@test "importing twice changes nothing" {
  put_chain 2
  cp "$(catalog)" "$BATS_TEST_TMPDIR/before"
  run -0 --separate-stderr bats_pipe zfs2s3-graph --from bucket \| zfs2s3-import
  [ "$output$stderr" = "" ]
  cmp "$(catalog)" "$BATS_TEST_TMPDIR/before"
}

@test "nothing at all is nothing to import" {
  run -0 --separate-stderr zfs2s3-import </dev/null
  [ "$output$stderr" = "" ]
}

@test "what the catalog of the Python tool does not know is filled in" {
  mkdir -p "$ZFS2S3_DATA_DIR"
  put_fixture chain-1
  zfs2s3-graph >"$BATS_TEST_TMPDIR/edge"
  jq -c '{snapshot, guid, base, base_guid, key}' "$BATS_TEST_TMPDIR/edge" >"$BATS_TEST_TMPDIR/names"
  rm "$(catalog)"
  run -0 zfs2s3-import <"$BATS_TEST_TMPDIR/names"
  [ "$(zfs2s3-graph | jq -c '[.bytes, .sha256]')" = "[null,null]" ]
  run -0 --separate-stderr zfs2s3-import <"$BATS_TEST_TMPDIR/edge"
  [ "$output" = "" ]
  [ "$(zfs2s3-graph)" = "$(<"$BATS_TEST_TMPDIR/edge")" ]
}

@test "a contradiction is shown field by field, and nothing is imported" {
  put_chain 2
  cp "$(catalog)" "$BATS_TEST_TMPDIR/before"
  zfs2s3-graph | jq -c 'if .base then .bytes = 1 | .stream.raw = true else . end' >"$BATS_TEST_TMPDIR/edges"
  run -3 --separate-stderr zfs2s3-import <"$BATS_TEST_TMPDIR/edges"
  [ "$output" = "" ]
  [[ "$stderr" == *"day2 <- tank/chain@day1': \"bytes\" is 17656 in the catalog, but 1 in the input"* ]]
  [[ "$stderr" == *"\"stream.raw\" is false in the catalog, but true in the input"* ]]
  [[ "$stderr" == *"zfs2s3-import: 1 edge contradicts the catalog, so nothing was imported: "* ]]
  cmp "$(catalog)" "$BATS_TEST_TMPDIR/before"
}

@test "the machine and an object are lost: what can be restored can still be imported" {
  put_chain 4
  lost
  in_bucket delete 'tank/chain@day3 <- tank/chain@day2'
  # The copy lists what is lost, and would not be replaced by a catalog that doesn't.
  in_bucket delete zfs2s3-catalog.yml
  run -3 --separate-stderr bats_pipe zfs2s3-graph --from bucket \| zfs2s3-import
  says "tank/chain@day4 <- tank/chain@day3 could not be restored: it needs tank/chain@day3 (GUID "
  [[ "$stderr" == *"nothing was imported: "*"--only-restorable" ]]
  [ ! -e "$(catalog)" ]
  run -0 --separate-stderr bats_pipe zfs2s3-graph --from bucket \| zfs2s3-import --only-restorable
  [ "$(jq -r .snapshot <<<"$output" | paste -sd' ')" = "tank/chain@day1 tank/chain@day2" ]
  [[ "$stderr" == *"left out, because what they start from is not there: tank/chain@day4 <- tank/chain@day3" ]]
}

@test "a record that is none, or only a name, is status 2" {
  run -2 --separate-stderr zfs2s3-import <<<'{"snapshot":"tank/home@a","guid":"1"}'
  says '"key" of tank/home@a is missing'
  run -2 --separate-stderr zfs2s3-import <<<'snapshot'
  says "'snapshot' in the input is not JSON"
}

@test "a catalog that can't be read is status 1, and stays as it is" {
  put_fixture chain-1
  zfs2s3-graph >"$BATS_TEST_TMPDIR/edge"
  echo rubbish >"$(catalog)"
  run -1 --separate-stderr zfs2s3-import <"$BATS_TEST_TMPDIR/edge"
  [ "$(<"$(catalog)")" = rubbish ]
}
