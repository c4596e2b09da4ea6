# zfs2s3-pending: uploads in progress.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

@test "without any it prints nothing, and makes no directory" {
  run -0 --separate-stderr zfs2s3-pending
  [ "$output$stderr" = "" ]
  [ ! -e "$ZFS2S3_DATA_DIR" ]
}

@test "what is stored is not pending" {
  put_fixture chain-1
  run -0 --separate-stderr zfs2s3-pending
  [ "$output$stderr" = "" ]
}

@test "an upload that was interrupted: what it is, how far, how to go on and how to give it up" {
  interrupted big-full
  run -0 --separate-stderr zfs2s3-pending
  [ "$stderr" = "" ]
  [ "${#lines[@]}" -eq 1 ]
  [ "$(jq -r '.snapshot, .guid, .base, .state, .bytes, .parts, .tool' <<<"$output" | paste -sd' ')" = \
    "tank/big@one 9094853529314334386 null uploading 5242880 1 zfs2s3" ]
  [[ "$(jq -r .go_on <<<"$output")" == "zfs send "*" | zfs2s3-put --resume tank/big@one" ]]
  [ "$(jq -r .give_up <<<"$output")" = "zfs2s3-abort tank/big@one" ]
  [ "$(jq -r .key <<<"$output")" = "${ZFS2S3_PREFIX}tank/big@one" ]
}

@test "one that is still running is listed as far as it is, and not disturbed" {
  put_in_background big-full
  [ "$(zfs2s3-pending | jq -r .parts)" -eq 1 ]
  s3 POST "release?held=$BATS_TEST_NUMBER"
  put_ends_with 0
  cmp <(zfs2s3-get tank/big@one) "$fixtures/big-full.zs"
}

@test "one that is held waits for its commit" {
  put_fixture chain-1 --hold
  [ "$(zfs2s3-pending | jq -r '.state, .go_on' | paste -sd' ')" = "held zfs2s3-commit tank/chain@day1" ]
}

@test "several are listed oldest first" {
  interrupted big-full
  sed -i "1s/\"started\":\"[^\"]*\"/\"started\":\"2001-01-01T00:00:00Z\"/" "$ZFS2S3_DATA_DIR"/uploads/*.ndjson
  put_fixture chain-1 --hold --alongside
  [ "$(zfs2s3-pending | jq -r .snapshot | paste -sd' ')" = "tank/big@one tank/chain@day1" ]
}

@test "it asks neither S3 nor zfs" {
  put_fixture chain-1 --hold
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 PATH=$(path_without zfs) run -0 --separate-stderr zfs2s3-pending
  [ "${#lines[@]}" -eq 1 ]
}

@test "a ledger that can't be read is status 1, and not none" {
  interrupted big-full
  local ledger
  ledger=$(echo "$ZFS2S3_DATA_DIR"/uploads/*.ndjson)
  sed -i '2s/.*/{"event":/' "$ledger"
  run -1 --separate-stderr zfs2s3-pending
  says "zfs2s3-pending: the ledger $ledger is damaged in line 2"
}

@test "an argument is wrong usage: status 2" {
  run -2 --separate-stderr zfs2s3-pending tank/big@one
  says "zfs2s3-pending: 'tank/big@one' is one argument too many"
}
