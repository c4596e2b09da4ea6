# Object lock: put --lock-days locks the new objects and all that they need; rm says so, and leaves them alone.
load helper

setup_file() {
  needs_own_bucket "its settings are changed"
  start_s3
}
teardown_file() { stop_s3; }
setup() { fresh; }

in_days() { date -u -d "$1 days" +%Y-%m-%dT%H:%M:%SZ; }
# locks: how many days from now each object is locked, rounded, and in which mode.
locks() {
  objects | jq -r --argjson now "$(date +%s)" \
    '"\(.key): \(if .retention then "\((.retention.until / 1000 - $now) / 86400 | round) \(.retention.mode)" else "-" end)"'
}

@test "the new object is locked, and all that restoring it needs" {
  lockable_bucket
  put_chain 2 >/dev/null
  zfs2s3-put --lock-days 30 <"$fixtures/chain-2-3.zs"
  [ "$(locks)" = "tank/chain@day1: 30 GOVERNANCE
tank/chain@day2 <- tank/chain@day1: 30 GOVERNANCE
tank/chain@day3 <- tank/chain@day2: 30 GOVERNANCE" ]
}

@test "locks are extended, never shortened, and what a restore does not need is left alone" {
  lockable_bucket
  put_fixture chain-1 --lock-days 100
  put_fixture chain-1-2 --lock-days 10
  put_fixture chain-2-3
  put_fixture chain-3-4
  # The cheapest way to day4 is now this one.
  put_fixture chain-1-4
  put_fixture chain-4-5 --lock-days 20 --lock-mode compliance
  [ "$(locks)" = "tank/chain@day1: 100 COMPLIANCE
tank/chain@day2 <- tank/chain@day1: 10 GOVERNANCE
tank/chain@day3 <- tank/chain@day2: -
tank/chain@day4 <- tank/chain@day1: 20 COMPLIANCE
tank/chain@day4 <- tank/chain@day3: -
tank/chain@day5 <- tank/chain@day4: 20 COMPLIANCE" ]
  # COMPLIANCE is stricter, and stays.
  zfs2s3-put --lock-days 40 <"$fixtures/chain-5-6.zs"
  [ "$(locks | head -1)" = "tank/chain@day1: 100 COMPLIANCE" ]
  [ "$(locks | tail -2)" = "tank/chain@day5 <- tank/chain@day4: 40 COMPLIANCE
tank/chain@day6 <- tank/chain@day5: 40 GOVERNANCE" ]
}

@test "what is needed is locked before the new object can be seen" {
  lockable_bucket
  put_fixture chain-1
  s3 POST faults "{\"operation\":\"CompleteMultipartUpload\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"hold\",\"name\":\"$BATS_TEST_NUMBER\"}"
  zfs2s3-put --lock-days 7 <"$fixtures/chain-1-2.zs" >"$BATS_TEST_TMPDIR/out" 3>&- &
  local putting=$!
  s3 GET "wait?held=$BATS_TEST_NUMBER"
  [ "$(locks)" = "tank/chain@day1: 7 GOVERNANCE" ]
  s3 POST "release?held=$BATS_TEST_NUMBER"
  wait "$putting"
  [ "$(locks | wc -l)" -eq 2 ]
}

@test "a put that is killed between the two goes on, and both are locked" {
  lockable_bucket
  put_fixture chain-1
  s3 POST faults "{\"operation\":\"CompleteMultipartUpload\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"hold\",\"name\":\"$BATS_TEST_NUMBER\"}"
  zfs2s3-put --lock-days 7 <"$fixtures/chain-1-2.zs" 3>&- &
  local putting=$!
  s3 GET "wait?held=$BATS_TEST_NUMBER"
  kill -KILL "$putting"
  wait "$putting" || true
  s3 DELETE faults
  zfs2s3-put --resume </dev/null
  [ "$(locks)" = "tank/chain@day1: 7 GOVERNANCE
tank/chain@day2 <- tank/chain@day1: 7 GOVERNANCE" ]
}

@test "every volume is locked" {
  lockable_bucket
  s3 POST settings '{"minPartSize":1024}'
  ZFS2S3_MIN_PART_SIZE=1024 zfs2s3-put --part-size 20000 --max-parts 2 --lock-days 3 <"$fixtures/chain-1.zs"
  [ "$(locks)" = "tank/chain@day1: 3 GOVERNANCE
tank/chain@day1#2: 3 GOVERNANCE" ]
}

@test "an upload that goes on, and one that is committed, keep the lock that they began with" {
  lockable_bucket
  interrupted big-full --lock-days 5
  run -0 zfs2s3-put --resume <"$fixtures/big-full.zs"
  [[ "$(locks)" == *": 5 GOVERNANCE" ]]
  zfs2s3-put --hold --lock-days 9 <"$fixtures/chain-1.zs"
  zfs2s3-commit
  [[ "$(locks | tail -1)" == "tank/chain@day1: 9 GOVERNANCE" ]]
}

@test "a bucket without object lock is refused before anything is sent, with what to do" {
  run -3 --separate-stderr zfs2s3-put --lock-days 7 <"$fixtures/chain-1.zs"
  says "zfs2s3-put: bucket $ZFS2S3_BUCKET has no object lock: switch it on"
  [ "$(requests CreateMultipartUpload)" = 0 ]
  [ "$(zfs2s3-pending)" = "" ]
  # What it says to do does it:
  lockable_bucket
  export ZFS2S3_BUCKET=plain-$BATS_TEST_NUMBER
  s3api CreateBucket
  s3api PutBucketVersioning '{"VersioningConfiguration":{"Status":"Enabled"}}'
  s3api PutObjectLockConfiguration '{"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled"}}'
  put_fixture chain-1 --lock-days 7
}

@test "an object that is missing can't be locked: the new one stays pending" {
  lockable_bucket
  put_fixture chain-1
  in_bucket delete tank/chain@day1
  run -3 --separate-stderr zfs2s3-put --lock-days 7 <"$fixtures/chain-1-2.zs"
  says "zfs2s3-put: '${ZFS2S3_PREFIX}tank/chain@day1' is not in bucket $ZFS2S3_BUCKET"
  [ "$(zfs2s3-pending | jq -r .state)" = completing ]
}

@test "S3 that refuses to lock is status 1, and nothing is stored" {
  lockable_bucket
  put_fixture chain-1
  s3 POST faults "{\"operation\":\"PutObjectRetention\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"code\":\"AccessDenied\"}"
  run -1 --separate-stderr zfs2s3-put --lock-days 7 <"$fixtures/chain-1-2.zs"
  says "zfs2s3-put: can't lock '${ZFS2S3_PREFIX}tank/chain@day1' in bucket $ZFS2S3_BUCKET: S3 refuses it (403 AccessDenied)"
  [ "$(keys)" = tank/chain@day1 ]
}

@test "wrong usage is status 2" {
  local args
  for args in "--lock-days 0" "--lock-days 40000" "--lock-mode GOVERNANCE" "--lock-days 1 --lock-mode lax"; do
    # shellcheck disable=SC2086 -- they are several
    run -2 zfs2s3-put $args <"$fixtures/chain-1.zs"
  done
}

@test "rm says until when an object is locked, and the catalog keeps its edge" {
  lockable_bucket
  put_fixture chain-1 --lock-days 2
  local until
  until=$(s3api HeadObject "{\"Key\":\"${ZFS2S3_PREFIX}tank/chain@day1\"}" | jq -r '.ObjectLockRetainUntilDate[:19] + "Z"')
  run -3 --separate-stderr zfs2s3-rm tank/chain@day1
  says "zfs2s3-rm: tank/chain@day1 (full) is locked in S3 until $until: remove it after that"
  run -3 --separate-stderr zfs2s3-rm -n tank/chain@day1
  says "is locked in S3 until $until"
  [ "$(snapshots)" = tank/chain@day1 ]
  [ "$(keys)" = tank/chain@day1 ]
  [ "$(requests DeleteObject)" = 0 ]
}

@test "one locked edge holds back a whole set; so does a legal hold" {
  lockable_bucket
  put_chain 3
  s3api PutObjectLegalHold "{\"Key\":\"${ZFS2S3_PREFIX}tank/chain@day2 <- tank/chain@day1\",\"LegalHold\":{\"Status\":\"ON\"}}"
  run -3 --separate-stderr bats_pipe zfs2s3-graph \| zfs2s3-rm
  says "zfs2s3-rm: tank/chain@day2 <- tank/chain@day1 is under a legal hold in S3"
  [ "$(snapshots | wc -l)" -eq 3 ]
}

@test "a lock that has run out holds back nothing" {
  lockable_bucket
  put_fixture chain-1
  s3api PutObjectRetention "{\"Key\":\"${ZFS2S3_PREFIX}tank/chain@day1\",\"Retention\":{\"Mode\":\"COMPLIANCE\",\"RetainUntilDate\":\"$(date -u -d '15 seconds' +%FT%TZ)\"}}"
  run -3 zfs2s3-rm tank/chain@day1
  until run zfs2s3-rm tank/chain@day1 && [ "$status" -eq 0 ]; do sleep 1; done
}

@test "on a bucket that keeps old versions rm says that they remain, and deletes none" {
  lockable_bucket
  put_chain 2
  run -0 --separate-stderr zfs2s3-rm tank/chain@day2
  [ "$(jq -r .snapshot <<<"$output")" = tank/chain@day2 ]
  [ "$stderr" = "zfs2s3-rm: bucket $ZFS2S3_BUCKET keeps old versions, also of what was deleted now (the object, 17.2 KiB): they cost money until a lifecycle rule (NoncurrentVersionExpiration) deletes them" ]
  [ "$(s3api ListObjectVersions '{"Prefix":"'"$ZFS2S3_PREFIX"'tank/chain@day2"}' | jq -c '[(.Versions | length), (.DeleteMarkers | length)]')" = "[1,1]" ]
  # It can be stored again, on top of the marker.
  put_fixture chain-1-2
}
