# zfs2s3-fsck: the catalog against the bucket and what crashes leave.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# found: what the last run found, as CODE SNAPSHOT.
found() { jq -r '"\(.finding) \(.snapshot // .key)"' <<<"$output"; }

@test "nothing is found where all is well, or nothing is there" {
  run -0 --separate-stderr zfs2s3-fsck
  [ "$output$stderr" = "" ]
  put_chain 3
  run -0 --separate-stderr zfs2s3-fsck
  [ "$output$stderr" = "" ]
}

@test "a missing object, and how to take it out of the catalog" {
  put_chain 2
  in_bucket delete 'tank/chain@day2 <- tank/chain@day1'
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found)" = "missing-object tank/chain@day2" ]
  [ "$stderr" = "zfs2s3-fsck: 1 thing is not as it should be" ]
  # Never run from data but by a person, who has read it; here the test is that person.
  [ "$(jq -r .mend <<<"$output")" = "zfs2s3-rm --gone tank/chain@day2 --base tank/chain@day1" ]
  run -0 zfs2s3-rm --gone tank/chain@day2 --base tank/chain@day1
  run -0 --separate-stderr zfs2s3-fsck
  [ "$output$stderr" = "" ]
}

@test "an object that is another one" {
  put_fixture chain-1
  in_bucket put tank/chain@day1 <"$fixtures/chain-1-2.zs"
  run -3 --separate-stderr zfs2s3-fsck --repair
  [ "$(found)" = "object-differs tank/chain@day1" ]
  [[ "$(jq -r .what <<<"$output")" == *"is 17656 bytes long, not 76584" ]]
}

@test "objects without an edge are adopted, if what they start from is there" {
  put_chain 4
  rm "$(catalog)"
  in_bucket delete zfs2s3-catalog.yml
  in_bucket delete 'tank/chain@day3 <- tank/chain@day2'
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found | sort | paste -sd' ')" = "object-without-edge tank/chain@day1 object-without-edge tank/chain@day2 object-without-edge tank/chain@day4" ]
  [ "$(jq -r 'select(.snapshot == "tank/chain@day4").mend' <<<"$output")" = null ]
  [ ! -e "$(catalog)" ]
  run -3 --separate-stderr zfs2s3-fsck --repair
  [ "$(found)" = "object-without-edge tank/chain@day4" ]
  [ "$(snapshots | paste -sd' ')" = "tank/chain@day1 tank/chain@day2" ]
  [ "$(keys | wc -l)" -eq 3 ]
}

@test "an edge without its base" {
  put_chain 2
  sed -i '/"tank\/chain@day1", guid: "[0-9]*"}, base: null/d' "$(catalog)"
  in_bucket delete tank/chain@day1
  run -3 --separate-stderr zfs2s3-fsck --repair
  [ "$(found)" = "base-missing tank/chain@day2" ]
}

@test "a removal that was interrupted is finished" {
  put_chain 2
  s3 POST faults "{\"operation\":\"DeleteObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\"}"
  run -1 zfs2s3-rm tank/chain@day2
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found)" = "removal-unfinished tank/chain@day2" ]
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$output$stderr" = "" ]
  [ "$(keys)" = tank/chain@day1 ]
}

@test "an upload that lacks only its last step is finished; one that is held waits" {
  s3 POST faults "{\"operation\":\"CompleteMultipartUpload\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\"}"
  run -1 put_fixture chain-1
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found)" = "upload-unfinished tank/chain@day1" ]
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$output$stderr" = "" ]
  [ "$(snapshots)" = tank/chain@day1 ]
  [ "$(zfs2s3-pending)" = "" ]
  put_fixture chain-1-2 --hold
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$output$stderr" = "" ]
  [ "$(zfs2s3-pending | jq -r .state)" = held ]
}

@test "an upload that another process works on is no finding, nor one that waits to be gone on with" {
  put_in_background big-full
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$output$stderr" = "" ]
  kill -INT "$put_pid"
  put_ends_with 130
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$output$stderr" = "" ]
  [ "$(zfs2s3-pending | jq .parts)" -eq 1 ]
}

@test "an upload that S3 has lost" {
  interrupted big-full
  s3 POST faults "{\"operation\":\"ListParts\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"forget\"}"
  run -3 --separate-stderr zfs2s3-fsck
  [[ "$(found)" == "upload-lost tank/big@"* ]]
  [[ "$(jq -r .mend <<<"$output")" == "zfs2s3-abort tank/big@"* ]]
}

@test "a multipart upload that nobody knows: how much it holds, and how to free it; it is not freed" {
  head -c 6000000 /dev/zero | in_bucket begin "it's/big" >"$BATS_TEST_TMPDIR/upload"
  run -3 --separate-stderr zfs2s3-fsck --repair
  [ "$(jq -c '[.finding, .bytes, .key]' <<<"$output")" = "[\"upload-unknown\",6000000,\"${ZFS2S3_PREFIX}it's/big\"]" ]
  # As a shell reads it, whatever in it needs quotes.
  [ "$(eval "printf '%s\n' $(jq -r .mend <<<"$output")")" = "$(printf '%s\n' aws s3api abort-multipart-upload \
    --bucket "$ZFS2S3_BUCKET" --key "${ZFS2S3_PREFIX}it's/big" --upload-id "$(head -1 "$BATS_TEST_TMPDIR/upload")")" ]
  [ "$(open_uploads)" = "it's/big 1" ]
}

@test "foreign objects are only counted; what can't be told is a finding" {
  in_bucket put readme.txt <<<hello
  in_bucket put tank/home@x <<<hello
  in_bucket put tank/home@y <"$fixtures/chain-1.zs"
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found)" = "object-unclear ${ZFS2S3_PREFIX}tank/home@y" ]
  [[ "$stderr" == "zfs2s3-fsck: not of zfs2s3, and left out: 2 objects"* ]]
}

@test "with --local: another snapshot of that name, and a base that is gone" {
  put_chain 2
  mkdir "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/zfs" <<'ZFS'
#!/bin/sh
printf 'tank/chain\t1\ntank/chain@day1\t5\n'
ZFS
  chmod +x "$BATS_TEST_TMPDIR/bin/zfs"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH run -3 --separate-stderr zfs2s3-fsck --local
  [ "$(found | paste -sd' ')" = "snapshot-replaced tank/chain@day1 base-not-local tank/chain@day2" ]
  guid=$(zfs2s3-graph | jq -r 'select(.base).guid')
  printf '#!/bin/sh\nprintf "tank/chain\\t1\\ntank/chain#last\\t%s\\n"\n' "$guid" >"$BATS_TEST_TMPDIR/bin/zfs"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH run -0 --separate-stderr zfs2s3-fsck --local
  [ "$output$stderr" = "" ]
}

@test "what can't be asked is status 1, and not missing" {
  put_fixture chain-1
  s3 POST faults "{\"operation\":\"HeadObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\",\"times\":0}"
  s3 POST faults "{\"operation\":\"GetObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\",\"times\":0}"
  run -1 --separate-stderr zfs2s3-fsck --repair
  says "403 AccessDenied"
  s3 DELETE faults
  run -1 --separate-stderr env AWS_ACCESS_KEY_ID=wrong zfs2s3-fsck
  says "InvalidAccessKeyId"
  run -1 --separate-stderr zfs2s3-fsck --bucket elsewhere
  says "there is no bucket elsewhere"
  run -2 --separate-stderr zfs2s3-fsck tank/home@a
  says "is one argument too many"
}

# put_copy: the copy of the catalog is what stdin has.
put_copy() { in_bucket put zfs2s3-catalog.yml; }

@test "a copy of the catalog that is missing or behind is brought up to date by --repair" {
  put_chain 1
  in_bucket read zfs2s3-catalog.yml >"$BATS_TEST_TMPDIR/old"
  put_fixture chain-1-2
  in_bucket delete zfs2s3-catalog.yml
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found)" = "copy-missing ${ZFS2S3_PREFIX}zfs2s3-catalog.yml" ]
  [ "$(jq -r .mend <<<"$output")" = "zfs2s3-fsck --repair" ]
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$output$stderr" = "" ]
  cmp "$(catalog)" <(in_bucket read zfs2s3-catalog.yml)
  put_copy <"$BATS_TEST_TMPDIR/old"
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found)" = "copy-behind ${ZFS2S3_PREFIX}zfs2s3-catalog.yml" ]
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$output$stderr" = "" ]
  cmp "$(catalog)" <(in_bucket read zfs2s3-catalog.yml)
}

@test "a copy that a killed rm has not brought up to date any more lists nothing that is lost" {
  put_chain 2
  copy_fault='{"operation":"PutObject","do":"status","status":403,"code":"AccessDenied"}'
  s3 POST faults "$(jq -c --arg key "$ZFS2S3_PREFIX" '. + {key: $key}' <<<"$copy_fault")"
  run -1 zfs2s3-rm tank/chain@day2
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found)" = "copy-behind ${ZFS2S3_PREFIX}zfs2s3-catalog.yml" ]
  run -0 --separate-stderr zfs2s3-fsck --repair
  [ "$(zfs2s3-graph --from copy | jq -r .snapshot)" = tank/chain@day1 ]
}

@test "a copy that knows more than the catalog, or can't be understood, is never overwritten" {
  put_chain 2
  in_bucket read zfs2s3-catalog.yml >"$BATS_TEST_TMPDIR/whole"
  sed -i '/chain@day2/d' "$(catalog)"
  run -3 --separate-stderr zfs2s3-fsck
  [ "$(found | sort | paste -sd' ')" = "copy-foreign ${ZFS2S3_PREFIX}zfs2s3-catalog.yml object-without-edge tank/chain@day2" ]
  [ "$(jq -r 'select(.finding == "copy-foreign").mend' <<<"$output")" = "zfs2s3-graph --from copy | zfs2s3-import" ]
  zfs2s3-graph --from copy | zfs2s3-import
  run -0 --separate-stderr zfs2s3-fsck
  [ "$output$stderr" = "" ]
  for text in "not a catalog" "$(sed 's/^version: .*/version: 99/' "$BATS_TEST_TMPDIR/whole")" $'\xff\xfe'; do
    put_copy <<<"$text"
    run -3 --separate-stderr zfs2s3-fsck --repair
    [ "$(found)" = "copy-unreadable ${ZFS2S3_PREFIX}zfs2s3-catalog.yml" ]
    cmp <(cat <<<"$text") <(in_bucket read zfs2s3-catalog.yml)
  done
}

@test "the copy of a catalog that was lost is not replaced by the next one's" {
  put_chain 2
  in_bucket read zfs2s3-catalog.yml >"$BATS_TEST_TMPDIR/whole"
  rm "$(catalog)"
  run -3 --separate-stderr put_fixture plain-full
  [[ "$stderr" == *"lists what this machine's does not"* ]]
  cmp "$BATS_TEST_TMPDIR/whole" <(in_bucket read zfs2s3-catalog.yml)
  zfs2s3-graph --from copy | zfs2s3-import
  run -0 --separate-stderr zfs2s3-fsck
  [ "$output$stderr" = "" ]
  [ "$(zfs2s3-graph --from copy | wc -l)" -eq 3 ]
}
