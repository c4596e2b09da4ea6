# zfs2s3-put: a stream becomes an object and an edge, or nothing at all.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

@test "a full stream becomes one object of its snapshot's name, and one edge" {
  run --separate-stderr zfs2s3-put tank/chain@day1 <"$fixtures/chain-1.zs"
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$(jq -r '.snapshot, .guid, .base, .bytes, .verified' <<<"$output" | paste -sd' ')" = \
    "tank/chain@day1 8780626225864181396 null $(stat -c %s "$fixtures/chain-1.zs") true" ]
  [ "$(keys)" = "tank/chain@day1" ]
  [ "$(open_uploads)" = "" ]
}

@test "an increment's key has both names" {
  put_fixture chain-1
  run --separate-stderr zfs2s3-put tank/chain@day2 --base tank/chain@day1 <"$fixtures/chain-1-2.zs"
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$(jq -r .key <<<"$output")" = "${ZFS2S3_PREFIX}tank/chain@day2 <- tank/chain@day1" ]
  [ "$(keys)" = "$(printf '%s\n' "tank/chain@day1" "tank/chain@day2 <- tank/chain@day1")" ]
}

@test "-i is --base, and @PREV is short for the same dataset's" {
  put_fixture chain-1
  put_fixture chain-1-2 tank/chain@day2 -i @day1
  put_fixture chain-2-3 -i tank/chain@day2 tank/chain@day3
  [ "$(snapshots | paste -sd' ')" = "tank/chain@day1 tank/chain@day2 tank/chain@day3" ]
}

@test "names may be left out: the stream says them" {
  put_chain 3
  [ "$(zfs2s3-graph | jq -r '.snapshot + " from " + (.base // "nothing")' | paste -sd,)" = \
    "tank/chain@day1 from nothing,tank/chain@day2 from tank/chain@day1,tank/chain@day3 from tank/chain@day2" ]
}

@test "a name that is not the stream's is refused with status 4, and nothing is stored" {
  put_fixture chain-1
  cp "$(catalog)" "$BATS_TEST_TMPDIR/before"
  run -4 --separate-stderr zfs2s3-put tank/chain@day1 --base @day0 <"$fixtures/chain-1.zs"
  says "zfs2s3-put: the stream is not what it was said to be: it is a full stream, not from tank/chain@day0"
  run -4 --separate-stderr zfs2s3-put tank/chain@day3 <"$fixtures/chain-1-2.zs"
  says "its snapshot is tank/chain@day2, not tank/chain@day3"
  run -4 --separate-stderr zfs2s3-put --guid 7 <"$fixtures/chain-1-2.zs"
  says "its GUID of the snapshot is 1060474375887697316, not 7"
  cmp "$(catalog)" "$BATS_TEST_TMPDIR/before"
  [ "$(keys)" = "tank/chain@day1" ]
  [ "$(open_uploads)" = "" ]
}

@test "the object has the stream's bytes, its SHA-256 and what it is" {
  needs_s3 checksums
  put_fixture chain-1
  put_fixture chain-1-2
  run objects
  [ "$(jq -rs '.[1].headers | ."x-amz-meta-zfs2s3-snapshot", ."x-amz-meta-zfs2s3-guid", ."x-amz-meta-zfs2s3-base",
    ."x-amz-meta-zfs2s3-base-guid"' <<<"$output" | paste -sd' ')" = \
    "tank/chain@day2 1060474375887697316 tank/chain@day1 8780626225864181396" ]
  [ "$(jq -rs '.[].checksum.value' <<<"$output")" = "$(zfs2s3-graph | jq -r .sha256)" ]
  local hash
  hash=$(sha256sum <"$fixtures/chain-1-2.zs" | cut -d' ' -f1)
  [ "$(jq -rs '.[1].parts[].checksum' <<<"$output" | base64 -d | od -An -tx1 | tr -d ' \n')" = "$hash" ]
}

@test "a stream longer than a part goes up in several, each acknowledged with its SHA-256" {
  needs_s3 checksums
  put_fixture big-full --part-size 5M
  [ "$(objects | jq '.parts | map(.size) | tojson' -r)" = "[5242880,5242880,1647632]" ]
  [[ "$(zfs2s3-graph | jq -r .sha256)" == *-3 ]]
  cmp <(zfs2s3-get tank/big@one) "$fixtures/big-full.zs"
}

@test "a stream longer than a multipart upload may be goes on in further volumes" {
  run --separate-stderr zfs2s3-put --part-size 5M --max-parts 1 <"$fixtures/big-full.zs"
  [ "$status" -eq 0 ]
  [ "$(jq -r '.bytes, (.volumes | length)' <<<"$output" | paste -sd' ')" = "12133392 3" ]
  [ "$(keys)" = "$(printf '%s\n' 'tank/big@one' 'tank/big@one#2' 'tank/big@one#3')" ]
  cmp <(zfs2s3-get tank/big@one) "$fixtures/big-full.zs"
  zfs2s3-rm tank/big@one
  [ "$(keys)" = "" ]
}

@test "an empty stdin is refused with status 4" {
  run -4 --separate-stderr zfs2s3-put tank/home@a </dev/null
  says "zfs2s3-put: stdin is empty: zfs send wrote nothing"
  [ ! -e "$(catalog)" ]
}

@test "a terminal as stdin is wrong usage" {
  run -2 at_terminal "zfs2s3-put tank/home@a"
  [[ "$output" == "zfs2s3-put: stdin is a terminal: pipe a stream in:"* ]]
}

@test "an increment whose base is not stored is refused with status 3" {
  run -3 --separate-stderr zfs2s3-put <"$fixtures/chain-1-2.zs"
  says "zfs2s3-put: the base of tank/chain@day2 (GUID 8780626225864181396) is not stored"
  [ "$(keys)" = "" ]
}

@test "what is stored already is refused with status 3" {
  put_fixture chain-1
  run -3 --separate-stderr zfs2s3-put <"$fixtures/chain-1.zs"
  says "zfs2s3-put: tank/chain@day1 (full) is stored already"
}

@test "a snapshot that was taken again under an old name is another one, and refused" {
  put_fixture chain-1
  run -3 --separate-stderr zfs2s3-put < <(small_stream tank/chain@day1 12345)
  says "tank/chain@day1 has the GUID 12345, but the stored snapshot of that name has 8780626225864181396: it was destroyed and taken again"
  [ "$(zfs2s3-graph | jq -r .guid)" = 8780626225864181396 ]
}

@test "an increment goes onto the snapshot with its base's GUID, under whatever name that is stored" {
  put_fixture chain-1
  zfs2s3-put < <(small_stream tank/renamed@day2 12345 8780626225864181396)
  [ "$(zfs2s3-graph | jq -r .base | tail -1)" = tank/chain@day1 ]
  run -4 --separate-stderr zfs2s3-put tank/renamed@day3 --base @day1 < <(small_stream tank/renamed@day3 12346 8780626225864181396)
  says "it starts from tank/chain@day1 (GUID 8780626225864181396), not from tank/renamed@day1"
}

@test "an object that is there but not in the catalog is never overwritten" {
  put_fixture chain-1
  objects >"$BATS_TEST_TMPDIR/before"
  rm "$(catalog)"
  run -3 --separate-stderr zfs2s3-put <"$fixtures/chain-1.zs"
  says "zfs2s3-put: there is already an object '${ZFS2S3_PREFIX}tank/chain@day1' in bucket $ZFS2S3_BUCKET, and it is never overwritten"
  cmp <(objects) "$BATS_TEST_TMPDIR/before"
  [ "$(open_uploads)" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
}

@test "nor one that appears between the start and the completion" {
  put_in_background big-full
  ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/other put_fixture big-full
  objects >"$BATS_TEST_TMPDIR/before"
  s3 POST "release?held=$BATS_TEST_NUMBER"
  put_ends_with 3
  [[ "$(<"$BATS_TEST_TMPDIR/put.err")" == "zfs2s3-put: there is already an object '${ZFS2S3_PREFIX}tank/big@one'"* ]]
  [ "$(<"$BATS_TEST_TMPDIR/put.out")" = "" ]
  cmp <(objects) "$BATS_TEST_TMPDIR/before"
  [ ! -e "$(catalog)" ]
  zfs2s3-abort
  cmp <(objects) "$BATS_TEST_TMPDIR/before"
  [ "$(open_uploads)" = "" ]
}

@test "Ctrl-C leaves the upload pending, ends by SIGINT and says how to go on" {
  put_in_background big-full
  kill -INT "$put_pid"
  put_ends_with 130
  [ "$(<"$BATS_TEST_TMPDIR/put.err")" = \
    "zfs2s3-put: the upload of tank/big@one is pending with 1 part (5.0 MiB) safe: go on with --resume, or give it up with zfs2s3-abort" ]
  [ "$(zfs2s3-pending | jq -r '.snapshot, .parts, .state' | paste -sd' ')" = "tank/big@one 1 uploading" ]
  [ "$(keys)" = "" ]
  run --separate-stderr zfs2s3-put --resume <"$fixtures/big-full.zs"
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  cmp <(zfs2s3-get tank/big@one) "$fixtures/big-full.zs"
  [ "$(zfs2s3-pending)" = "" ]
}

@test "so does SIGTERM" {
  put_in_background big-full
  kill -TERM "$put_pid"
  put_ends_with 143
  [ "$(zfs2s3-pending | jq .parts)" -eq 1 ]
}

@test "so does Ctrl-C at a terminal, which ends zfs send in the same moment" {
  needs script
  local terminal ended=0
  mkfifo "$BATS_TEST_TMPDIR/keys"
  # For reading too, since opening one end waits for the other.
  exec 4<>"$BATS_TEST_TMPDIR/keys"
  # A shell makes what it starts in the background ignore SIGINT.
  env --default-signal=INT script -qec \
    "(head -c 11000000 '$fixtures/big-full.zs'; exec sleep 60) | zfs2s3-put --part-size 5M" /dev/null \
    <&4 >"$BATS_TEST_TMPDIR/screen" 3>&- &
  terminal=$!
  s3 GET "wait?operation=UploadPart&key=$ZFS2S3_PREFIX&count=2" >"$BATS_TEST_TMPDIR/parts"
  # Answered is not noted yet.
  for _ in $(seq 100); do [ "$(zfs2s3-pending | jq .parts)" -lt 2 ] || break; done
  printf '\003' >&4
  wait "$terminal" || ended=$?
  exec 4>&-
  [ "$ended" -eq 130 ]
  cat "$BATS_TEST_TMPDIR/screen"
  grep -q "the upload of tank/big@one is pending with 2 parts" "$BATS_TEST_TMPDIR/screen"
  [ "$(zfs2s3-pending | jq .parts)" -eq 2 ]
}

@test "a signal before anything was sent leaves nothing" {
  s3 POST faults "{\"operation\":\"HeadObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"hold\",\"name\":\"$BATS_TEST_NUMBER\"}"
  zfs2s3-put <"$fixtures/chain-1.zs" >"$BATS_TEST_TMPDIR/put.out" 2>"$BATS_TEST_TMPDIR/put.err" 3>&- &
  put_pid=$!
  s3 GET "wait?held=$BATS_TEST_NUMBER" >"$BATS_TEST_TMPDIR/held"
  kill -TERM "$put_pid"
  put_ends_with 143
  [ ! -s "$BATS_TEST_TMPDIR/put.err" ]
  [ "$(zfs2s3-pending)" = "" ]
  [ "$(open_uploads)" = "" ]
  [ ! -e "$(catalog)" ]
}

@test "a second upload is refused while one is pending, and says what to do" {
  interrupted big-full
  run -3 --separate-stderr zfs2s3-put <"$fixtures/chain-1.zs"
  says "zfs2s3-put: the upload of tank/big@one (full) is not finished: go on with it (--resume) or give it up (zfs2s3-abort) first; --alongside"
  [ "$(keys)" = "" ]
}

@test "--alongside allows one of another dataset, but not of the same" {
  interrupted big-full
  run -3 --separate-stderr zfs2s3-put --alongside < <(small_stream tank/big@two 22)
  says "the upload of tank/big@one (full) is not finished"
  put_fixture chain-1 --alongside
  [ "$(keys)" = "tank/chain@day1" ]
  [ "$(zfs2s3-pending | jq -r .snapshot)" = tank/big@one ]
}

@test "an upload that another process works on can't be resumed: status 5" {
  put_in_background big-full
  run -5 --separate-stderr zfs2s3-put --resume <"$fixtures/big-full.zs"
  says "is held by 'the upload of tank/big@one'"
  s3 POST "release?held=$BATS_TEST_NUMBER"
  put_ends_with 0
  cmp <(zfs2s3-get tank/big@one) "$fixtures/big-full.zs"
}

@test "the storage class is S3's, and the Python tool's DEEP_GLACIER means DEEP_ARCHIVE" {
  needs_s3 storage-classes archive
  ZFS2S3_STORAGE_CLASS=DEEP_GLACIER put_fixture chain-1
  put_fixture chain-1-2 --storage-class STANDARD_IA
  ZFS2S3_STORAGE_CLASS=GLACIER put_fixture chain-2-3 --storage-class STANDARD
  [ "$(objects | jq -r .storageClass | paste -sd' ')" = "DEEP_ARCHIVE STANDARD_IA STANDARD" ]
  [ "$(zfs2s3-graph | jq -r .storage_class | paste -sd' ')" = "DEEP_ARCHIVE STANDARD_IA STANDARD" ]
  run -2 --separate-stderr zfs2s3-put --storage-class FROZEN <"$fixtures/chain-3-4.zs"
  says "there is no storage class 'FROZEN': use one of STANDARD, "
}

@test "server-side encryption is passed through" {
  [ -z "$root" ] || skip "needs a KMS key of that name"
  put_fixture chain-1 --sse aws:kms --sse-kms-key-id alias/backup
  [ "$(objects | jq -r '.headers | ."x-amz-server-side-encryption", ."x-amz-server-side-encryption-aws-kms-key-id"' |
    paste -sd' ')" = "aws:kms alias/backup" ]
  run -2 --separate-stderr zfs2s3-put --sse ROT13 <"$fixtures/chain-1-2.zs"
  says "there is no encryption 'ROT13'"
}

@test "a prefix may be a flag, which beats its variable" {
  put_fixture chain-1 --prefix "${ZFS2S3_PREFIX}deeper/"
  [ "$(keys)" = "deeper/tank/chain@day1" ]
  [ "$(zfs2s3-graph | jq -r .key)" = "${ZFS2S3_PREFIX}deeper/tank/chain@day1" ]
  zfs2s3-get tank/chain@day1 | cmp - "$fixtures/chain-1.zs"
  run -2 --separate-stderr zfs2s3-put --prefix /rooted <"$fixtures/chain-1.zs"
  says "the prefix '/rooted' starts with /"
}

@test "sizes that S3 would not take are wrong usage" {
  run -2 --separate-stderr zfs2s3-put --part-size 5242879 <"$fixtures/chain-1.zs"
  says "parts of 5242879 bytes are not allowed by S3: use from 5242880 to"
  run -2 --separate-stderr zfs2s3-put --part-size 6G <"$fixtures/chain-1.zs"
  says "are not allowed by S3"
  run -2 --separate-stderr zfs2s3-put --part-size many <"$fixtures/chain-1.zs"
  says "--part-size is 'many': give a size like"
}

@test "an S3 that fails for good leaves status 1 and the upload pending" {
  s3 POST faults "{\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"partNumber\":2,\"do\":\"status\",\"code\":\"InternalError\",\"times\":0}"
  run -1 --separate-stderr zfs2s3-put --part-size 5M --retry-for 1s --concurrency 1 <"$fixtures/big-full.zs"
  s3 DELETE faults
  says "zfs2s3-put: can't put part 2 of '${ZFS2S3_PREFIX}tank/big@one' in bucket $ZFS2S3_BUCKET: S3 answered 500 InternalError"
  [[ "$stderr" == *"with 1 part (5.0 MiB) safe: go on with --resume"* ]]
  [ "$(open_uploads)" = "tank/big@one 1" ]
}

@test "an S3 that refuses the upload before anything was sent leaves nothing pending" {
  s3 POST faults "{\"operation\":\"CreateMultipartUpload\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"code\":\"InvalidArgument\"}"
  run -1 --separate-stderr zfs2s3-put <"$fixtures/chain-1.zs"
  says "zfs2s3-put: can't start an upload of '${ZFS2S3_PREFIX}tank/chain@day1' in bucket $ZFS2S3_BUCKET: S3 answered 400 InvalidArgument"
  [[ "$stderr" != *pending* ]]
  [ "$(zfs2s3-pending)" = "" ]
  put_fixture chain-1
}

@test "a short failure is waited out" {
  s3 POST faults "[
    {\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"partNumber\":1,\"do\":\"drop\",\"at\":\"after\"},
    {\"operation\":\"UploadPart\",\"key\":\"$ZFS2S3_PREFIX\",\"partNumber\":2,\"do\":\"status\",\"code\":\"SlowDown\"},
    {\"operation\":\"CompleteMultipartUpload\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"drop\",\"at\":\"after\"}]"
  run --separate-stderr zfs2s3-put --part-size 5M <"$fixtures/big-full.zs"
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  cmp <(zfs2s3-get tank/big@one) "$fixtures/big-full.zs"
}
