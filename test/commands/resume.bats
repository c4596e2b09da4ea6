# put --resume: an upload that was interrupted goes on with the stream from its start, and sends only what is missing.
load helper
load streams
load interrupt

setup_file() { start_small_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }
teardown() {
  faults_over
  server_is '{"noChecksums":false}'
}

# 76,584 bytes: with $small 19 parts.
stream=$fixtures/chain-1.zs

# shellcheck disable=SC2086
interrupted() { killed_at_part "$1" $small "${@:2}" <"$stream"; }

@test "after kill -9 only the missing parts are sent" {
  interrupted 8
  forget_log
  run -0 --separate-stderr zfs2s3-put --resume <"$stream"
  [ "$stderr" = "" ]
  [ "$(jq -r .snapshot <<<"$output")" = tank/chain@day1 ]
  [ "$(sent)" = "8 9 10 11 12 13 14 15 16 17 18 19" ]
  stored_is "$stream"
}

@test "SIGTERM ends it by that signal, and says how to go on" {
  # shellcheck disable=SC2086
  stopped_at '{"operation":"UploadPart","partNumber":4}' TERM zfs2s3-put --concurrency 1 $small <"$stream"
  [ "$status" -eq 143 ]
  [[ "$stderr" == "zfs2s3-put: the upload of tank/chain@day1 is pending with 3 parts (12.0 KiB) safe: go on with --resume"* ]]
  forget_log
  zfs2s3-put --resume <"$stream"
  [ "$(sent)" = "4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19" ]
  stored_is "$stream"
}

@test "one upload can be killed at five places" {
  interrupted 1
  local part
  for part in 4 5 11 19; do killed_at_part "$part" --resume <"$stream"; done
  forget_log
  zfs2s3-put --resume <"$stream"
  [ "$(sent)" = 19 ]
  stored_is "$stream"
}

@test "a stream that has ended early is completed by the whole one" {
  # shellcheck disable=SC2086
  run -4 --separate-stderr zfs2s3-put $small < <(head -c 30000 "$stream")
  [[ "$stderr" == *"without its END record"*"go on with --resume"* ]]
  forget_log
  zfs2s3-put --resume <"$stream"
  [ "$(sent)" = "8 9 10 11 12 13 14 15 16 17 18 19" ]
  stored_is "$stream"
}

@test "a stream that differs is refused with the part, its bytes and the advice, and costs nothing" {
  interrupted 8
  # Whole, of the same snapshot, and not the same bytes.
  node "$top/dist-test/commands/otherwise.js" "$stream" >"$BATS_TEST_TMPDIR/other.zs"
  forget_log
  run -4 --separate-stderr zfs2s3-put --resume <"$BATS_TEST_TMPDIR/other.zs"
  [[ "$stderr" == "zfs2s3-put: part 1 (bytes 0 to 4095) differs from what was uploaded before: "*"zfs2s3-abort and start again"* ]]
  [ "$(sent)" = "" ]
  [ "$(zfs2s3-pending | jq .parts)" = 7 ]
  zfs2s3-put --resume <"$stream"
  stored_is "$stream"
}

@test "the stream of another snapshot is refused before anything is compared" {
  interrupted 8
  run -4 --separate-stderr zfs2s3-put --resume <"$fixtures/plain-full.zs"
  [[ "$stderr" == *"the stream is of tank/plain@one (GUID 2046425073918035619), but the pending upload of tank/chain@day1"* ]]
}

@test "a stream that comes damaged this time does not cost what is safe" {
  interrupted 8
  run -4 --separate-stderr zfs2s3-put --resume < <(flipped "$stream" 60000)
  [[ "$stderr" == *"damaged"*"is pending with"*"go on with --resume"* ]]
  [ "$(zfs2s3-pending | jq '.parts >= 7')" = true ]
  [[ "$(bucket_has)" == "upload "* ]]
}

@test "what goes through zstd -T1 resumes, because that gives the same bytes each time" {
  needs zstd
  killed_at_part 3 --part-size 1024 --filter 'zstd -T1 -q' <"$stream"
  run -2 --separate-stderr zfs2s3-put --resume <"$stream"
  [[ "$stderr" == *"was begun with --filter 'zstd -T1 -q'"* ]]
  local go_on
  go_on=$(zfs2s3-pending | jq -r .go_on)
  [[ "$go_on" == "zfs send ... | zfs2s3-put --resume --filter 'zstd -T1 -q' tank/chain@day1" ]]
  forget_log
  eval "${go_on/zfs send .../cat "$stream"}"
  [[ "$(sent)" == "3 4 "* ]]
  zfs2s3-get tank/chain@day1 --filter 'zstd -dc' | cmp - "$stream"
}

@test "what goes through age does not resume: it says why, and what to do" {
  needs age
  local filter
  filter="age -r $(age-keygen 2>/dev/null | sed -n 's/# public key: //p')"
  # shellcheck disable=SC2086
  killed_at_part 3 $small --filter "$filter" <"$stream"
  run -4 --separate-stderr zfs2s3-put --resume --filter "$filter" <"$stream"
  [[ "$stderr" == *"part 1 (bytes 0 to 4095) differs"*"'$filter' gives other bytes each time"*"zfs2s3-abort and start again"* ]]
  zfs2s3-abort
  zfs2s3-put --filter "$filter" <"$stream" >/dev/null
}

@test "an upload that was held stays held when it goes on" {
  head -c 40000 /dev/urandom >"$BATS_TEST_TMPDIR/opaque"
  # shellcheck disable=SC2086
  killed_at_part 3 $small --hold --guid 1 tank/chain@day1 <"$BATS_TEST_TMPDIR/opaque"
  # Now what stands in front fails; without the pipeline's status nobody knows.
  run -0 --separate-stderr zfs2s3-put --resume < <(head -c 20000 "$BATS_TEST_TMPDIR/opaque")
  [ "$output" = "" ]
  [ "$(zfs2s3-graph)" = "" ]
  [ "$(zfs2s3-pending | jq -r .state)" = held ]
}

# after_a_lost_note: put was killed when S3 had all parts, and the ledger lacks those from the 5th on.
after_a_lost_note() {
  # shellcheck disable=SC2086
  stopped_at '{"operation":"CompleteMultipartUpload"}' KILL zfs2s3-put --concurrency 1 $small <"$stream"
  sed -i '/"event":"part","part":\([5-9]\|1.\),/d; /"event":"end"/d' "$(ledger)"
  [ "$(zfs2s3-pending | jq .parts)" = 4 ]
  forget_log
}

@test "parts that S3 has and the ledger does not are used when their checksum proves them" {
  after_a_lost_note
  zfs2s3-put --resume <"$stream"
  [ "$(sent)" = "" ]
  stored_is "$stream"
}

@test "the same by their MD5, where the service keeps no checksums" {
  server_is '{"noChecksums":true}'
  after_a_lost_note
  zfs2s3-put --resume <"$stream"
  [ "$(sent)" = "" ]
  stored_is "$stream"
}

@test "an upload that S3 has forgotten is noticed before anything is sent" {
  interrupted 8
  fault '{"operation":"ListParts","do":"forget"}'
  forget_log
  run -1 --separate-stderr zfs2s3-put --resume <"$stream"
  [[ "$stderr" == *"S3 no longer has the upload of '${ZFS2S3_PREFIX}tank/chain@day1': it was aborted elsewhere"*"zfs2s3-abort and start again"* ]]
  [ "$(sent)" = "" ]
  zfs2s3-abort
  # shellcheck disable=SC2086
  zfs2s3-put $small <"$stream"
  stored_is "$stream"
}

@test "after a crash between completing and the catalog, what pending prints is all it takes" {
  # shellcheck disable=SC2086
  stopped_at '{"operation":"CompleteMultipartUpload","at":"after"}' KILL zfs2s3-put $small <"$stream"
  [ "$status" -eq 137 ]
  [ "$(zfs2s3-graph)" = "" ]
  [ "$(bucket_has)" = "object ${ZFS2S3_PREFIX}tank/chain@day1" ]
  [ "$(zfs2s3-pending | jq -r .state)" = completing ]
  forget_log
  eval "$(zfs2s3-pending | jq -r .go_on)"
  [ "$(sent)" = "" ]
  stored_is "$stream"
}

@test "pending says what is safe, since when, how to go on and how to give up" {
  interrupted 8
  run -0 --separate-stderr zfs2s3-pending
  [ "$(jq -c '[.snapshot, .base, .bytes, .parts, .state, .give_up]' <<<"$output")" = \
    '["tank/chain@day1",null,28672,7,"uploading","zfs2s3-abort tank/chain@day1"]' ]
  [[ "$(jq -r .started <<<"$output")" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$ ]]
  eval "$(jq -r .give_up <<<"$output")"
  [ "$(zfs2s3-pending)" = "" ]
  [ "$(bucket_has)" = "" ]
}

@test "an upload in volumes goes on in the volume where it was" {
  stopped_at '{"operation":"UploadPart","nth":11}' KILL \
    zfs2s3-put --concurrency 1 --part-size 4096 --max-parts 4 <"$stream"
  forget_log
  zfs2s3-put --resume <"$stream"
  [ "$(sent | wc -w)" -eq 9 ]
  [ "$(bucket_has | wc -l)" -eq 5 ]
  stored_is "$stream"
}

@test "without an upload, or with several, it says so" {
  run -3 --separate-stderr zfs2s3-put --resume <"$stream"
  [ "$stderr" = "zfs2s3-put: no upload is pending" ]
  interrupted 3
  run -4 zfs2s3-put --alongside --part-size 4096 < <(head -c 30000 "$fixtures/plain-full.zs")
  run -3 --separate-stderr zfs2s3-put --resume <"$stream"
  [[ "$stderr" == *"several uploads are pending: "*"tank/plain@one"*": name the snapshot" ]]
  zfs2s3-put --resume tank/chain@day1 <"$stream"
}

@test "a second --resume at the same time is told who has the upload, and disturbs nothing" {
  interrupted 3
  fault '[{"operation":"UploadPart","partNumber":9,"do":"hold","name":"first"}]'
  zfs2s3-put --resume <"$stream" 3>&- &
  local first=$!
  curl -sf "$AWS_ENDPOINT_URL_S3/-/wait?held=first" >/dev/null
  run -5 --separate-stderr zfs2s3-put --resume <"$stream"
  [[ "$stderr" == *"is held by 'the upload of tank/chain@day1' (process "* ]]
  run -5 zfs2s3-abort
  run -3 --separate-stderr zfs2s3-put <"$fixtures/plain-full.zs"
  [[ "$stderr" == *"the upload of tank/chain@day1 (full) is not finished"* ]]
  faults_over
  wait "$first"
  stored_is "$stream"
}

@test "a ledger whose last line is torn lacks that part, and S3 has it" {
  interrupted 8
  truncate -s -20 "$(ledger)"
  [ "$(zfs2s3-pending | jq .parts)" = 6 ]
  forget_log
  zfs2s3-put --resume <"$stream"
  [ "$(sent)" = "8 9 10 11 12 13 14 15 16 17 18 19" ]
  stored_is "$stream"
}

@test "a ledger that is damaged in the middle stops every command, and says what to do" {
  interrupted 8
  sed -i '5s/^......../@@@@@@@@/' "$(ledger)"
  run -1 --separate-stderr zfs2s3-pending
  [[ "$stderr" == *"is damaged in line 5: take that line out of the file, then go on with --resume"* ]]
  sed -i 5d "$(ledger)"
  forget_log
  zfs2s3-put --resume <"$stream"
  [ "$(sent)" = "8 9 10 11 12 13 14 15 16 17 18 19" ]
  stored_is "$stream"
}
