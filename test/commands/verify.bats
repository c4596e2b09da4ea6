# zfs2s3-verify: what is stored is read back and checked, without ZFS.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# results: of the last run, as SNAPSHOT RESULT CHECKED, a line each.
results() {
  jq -r '"\(.snapshot | split("@")[1]) \(.result) \(.checked)"' <<<"$output"
}

verified_at() { zfs2s3-graph | jq -r .verified_at; }

@test "a chain that is well: every record of every stream is read, and that is noted in the catalog" {
  put_chain 3
  [ "$(verified_at | sort -u)" = null ]
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify
  [ "$stderr" = "" ]
  [ "$(results)" = "$(printf 'day%s ok records\n' 1 2 3)" ]
  [ "$(jq -s 'map(.bytes_read) | add' <<<"$output")" -eq "$(cat "$fixtures"/chain-{1,1-2,2-3}.zs | wc -c)" ]
  [ "$(jq -s 'map(.why) | unique == [null]' <<<"$output")" = true ]
  [[ "$(verified_at | sort -u)" == 20* ]]
}

@test "one stream by its name; only that one is noted" {
  put_chain 2
  run -0 --separate-stderr zfs2s3-verify tank/chain@day2 --base @day1
  [ "$(results)" = "day2 ok records" ]
  [ "$(verified_at | head -1)" = null ]
  [[ "$(verified_at | tail -1)" == 20* ]]
}

@test "damage is status 3 and said in its line, and the others are looked at all the same" {
  put_chain 3
  altered "tank/chain@day2 <- tank/chain@day1" '{"flipBit": 5000}'
  run -3 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify
  [ "$(jq -r '"\(.snapshot) \(.result)"' <<<"$output")" = "$(printf 'tank/chain@day%s\n' '1 ok' '2 damaged' '3 ok')" ]
  [[ "$output" == *"its bytes don't have the checksum"* ]]
  [[ "$stderr" == "zfs2s3-verify: of 3 streams in bucket $ZFS2S3_BUCKET: 1 damaged: "* ]]
  [ "$(verified_at | sed -n 2p)" = null ]
}

@test "where the checksum can't be computed, the stream's own records tell" {
  put_chain 1
  sed -i 's/"part_size":[0-9]*/"part_size":null/' "$(catalog)"
  run -0 zfs2s3-verify tank/chain@day1
  altered tank/chain@day1 '{"flipBit": 50000}'
  run -3 --separate-stderr zfs2s3-verify tank/chain@day1
  [[ "$(jq -r .why <<<"$output")" == *", in record "* ]]
}

@test "a missing object is status 3, one of another size damaged" {
  put_chain 2
  in_bucket delete "tank/chain@day2 <- tank/chain@day1"
  run -3 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify
  [ "$(results)" = "$(printf '%s\n' 'day1 ok records' 'day2 missing nothing')" ]
  head -c 1000 "$fixtures/chain-1-2.zs" | in_bucket put "tank/chain@day2 <- tank/chain@day1"
  run -3 --separate-stderr zfs2s3-verify tank/chain@day2
  [ "$(results)" = "day2 damaged nothing" ]
  [[ "$(jq -r .why <<<"$output")" == *"is 1000 bytes long, not 17656" ]]
}

@test "another snapshot's stream under a name is damage, however whole it is" {
  put_chain 3
  in_bucket delete "tank/chain@day3 <- tank/chain@day2"
  in_bucket put "tank/chain@day3 <- tank/chain@day2" <"$fixtures/chain-3-4.zs"
  sed -i 's/"bytes":[0-9]*,/"bytes":null,/; s/"sha256":"[^"]*"/"sha256":null/; s/"etag":"[^,]*,/"etag":null,/' "$(catalog)"
  run -3 --separate-stderr zfs2s3-verify tank/chain@day3
  [[ "$(jq -r .why <<<"$output")" == "the stream does not bring tank/chain@day3 (GUID "* ]]
}

@test "a stream that no longer fits what it goes onto is damage" {
  put_chain 2
  sed -i '0,/"raw":false/s//"raw":true/' "$(catalog)"
  run -3 --separate-stderr zfs2s3-verify tank/chain@day2
  [[ "$(jq -r .why <<<"$output")" == *"zfs receive refuses to mix them" ]]
}

@test "an archived stream is reported, and no error" {
  put_chain 2
  altered "tank/chain@day2 <- tank/chain@day1" '{"storageClass": "GLACIER"}'
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify
  [ "$stderr" = "" ]
  [ "$(results)" = "$(printf '%s\n' 'day1 ok records' 'day2 archived nothing')" ]
  [ "$(verified_at | tail -1)" = null ]
}

@test "what S3 will not give is unreadable: status 1" {
  put_chain 1
  s3 POST faults "{\"operation\":\"GetObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\",\"times\":0}"
  run -1 --separate-stderr zfs2s3-verify tank/chain@day1
  s3 DELETE faults
  [ "$(jq -r .result <<<"$output")" = unreadable ]
  [[ "$(jq -r .why <<<"$output")" == *"403 AccessDenied"* ]]
}

@test "through a filter: by its checksum alone, or with its records if the filter is undone" {
  put_fixture chain-1 --filter 'gzip -1'
  run -0 --separate-stderr zfs2s3-verify tank/chain@day1
  [ "$(results)" = "day1 ok hash" ]
  run -0 --separate-stderr zfs2s3-verify tank/chain@day1 --filter 'gzip -d'
  [ "$(results)" = "day1 ok records" ]
  run -0 --separate-stderr zfs2s3-verify tank/chain@day1 --decompress
  [ "$(results)" = "day1 ok records" ]
  run -1 --separate-stderr zfs2s3-verify tank/chain@day1 --filter 'cat; exit 7'
  [ "$(jq -r .result <<<"$output")" = unreadable ]
  altered tank/chain@day1 '{"flipBit": 3000}'
  run -3 --separate-stderr zfs2s3-verify tank/chain@day1 --decompress
  [ "$(jq -r .result <<<"$output")" = damaged ]
}

@test "several volumes are one stream" {
  ZFS2S3_MIN_PART_SIZE=1024 put_fixture big-full --part-size 5M --max-parts 1
  run -0 --separate-stderr zfs2s3-verify tank/big@one
  [ "$(results)" = "one ok records" ]
  altered "tank/big@one#2" '{"flipBit": 17}'
  run -3 --separate-stderr zfs2s3-verify tank/big@one
  [[ "$(jq -r .why <<<"$output")" == *"'${ZFS2S3_PREFIX}tank/big@one#2' is damaged"* ]]
}

@test "--quick reads nothing and notes nothing" {
  put_chain 3
  s3 DELETE log
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify --quick
  [ "$(results)" = "$(printf 'day%s ok quick\n' 1 2 3)" ]
  [ "$(requests GetObject)" -eq 0 ]
  [ "$(verified_at | sort -u)" = null ]
  in_bucket delete "tank/chain@day3 <- tank/chain@day2"
  sed 's/x/y/' "$fixtures/chain-2-3.zs" | in_bucket put "tank/chain@day3 <- tank/chain@day2"
  sed -i '0,/"sha256":"[^"]*"/s//"sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=-1"/' "$(catalog)"
  run -3 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify --quick
  [ "$(jq -r .result <<<"$output" | paste -sd' ')" = "damaged ok ok" ]
}

@test "--sample takes the longest unverified, so that all is read in turn" {
  put_chain 4
  local turn
  for turn in 1 2 3 4; do
    run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify --sample 25%
    [ "$(results | wc -l)" -eq 1 ]
    # Times are whole seconds: each turn must be later than the last.
    sed -i "s/\"verified_at\":\"2[^2][^\"]*\"/\"verified_at\":\"2200-01-0${turn}T00:00:00Z\"/" "$(catalog)"
  done
  [ "$(verified_at | sort -u | wc -l)" -eq 4 ]
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify --sample 26
  [ "$(results | wc -l)" -eq 2 ]
}

@test "--max-bytes reads no more than that, and says what it will never read" {
  put_chain 3
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-verify --max-bytes 34K
  [ "$(results)" = "$(printf 'day%s ok records\n' 2 3)" ]
  [ "$stderr" = "zfs2s3-verify: '${ZFS2S3_PREFIX}tank/chain@day1' is longer than --max-bytes: it is never read unless you give more" ]
  [ "$(verified_at | head -1)" = null ]
}

@test "what was found good before an interruption is noted" {
  put_chain 2
  s3 POST faults "{\"operation\":\"GetObject\",\"key\":\"${ZFS2S3_PREFIX}tank/chain@day2\",\"do\":\"hold\",\"name\":\"second\"}"
  zfs2s3-graph >"$BATS_TEST_TMPDIR/edges"
  zfs2s3-verify <"$BATS_TEST_TMPDIR/edges" >"$BATS_TEST_TMPDIR/out" 3>&- &
  s3 GET 'wait?held=second' >/dev/null
  kill -TERM $!
  wait $! && false
  [ "$?" -eq 143 ]
  s3 POST 'release?held=second'
  [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 1 ]
  [[ "$(verified_at | head -1)" == 20* ]]
  [ "$(verified_at | tail -1)" = null ]
}

@test "what is not stored is status 3, wrong usage status 2" {
  run -3 --separate-stderr zfs2s3-verify tank/chain@day1
  says "tank/chain@day1 is not stored"
  run -2 --separate-stderr zfs2s3-verify tank/chain@day1 --sample 0%
  says "--sample is '0%': give a percentage like 5%"
  run -2 --separate-stderr zfs2s3-verify tank/chain@day1 --quick --sample 5%
  says "--quick reads nothing"
  run -2 --separate-stderr zfs2s3-verify tank/chain@day1 --filter cat --decompress
  says "choose one"
}

@test "no edges are no error" {
  run -0 --separate-stderr zfs2s3-verify </dev/null
  [ "$output$stderr" = "" ]
}
