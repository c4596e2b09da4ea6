# zfs2s3-rm: checks, asks S3 whether what is relied on is there, and only then deletes.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# remember, and later unchanged: neither the catalog nor the bucket is another than it was.
remember() {
  cp "$(catalog)" "$BATS_TEST_TMPDIR/catalog.before"
  objects >"$BATS_TEST_TMPDIR/objects.before"
}
unchanged() {
  cmp "$(catalog)" "$BATS_TEST_TMPDIR/catalog.before" && cmp <(objects) "$BATS_TEST_TMPDIR/objects.before"
}

@test "A -> B -> C -> D: D may be removed, but not C before it" {
  put_chain 4
  remember
  run -3 --separate-stderr zfs2s3-rm tank/chain@day3 --base tank/chain@day2
  says "zfs2s3-rm: removing tank/chain@day3 <- tank/chain@day2 would abandon tank/chain@day4"
  unchanged
  run -0 --separate-stderr zfs2s3-rm tank/chain@day4 --base tank/chain@day3
  [ "$stderr" = "" ]
  [ "$(jq -r .snapshot <<<"$output")" = tank/chain@day4 ]
  [ "$(keys | tail -1)" = "tank/chain@day3 <- tank/chain@day2" ]
  zfs2s3-rm tank/chain@day3
  [ "$(snapshots | paste -sd' ')" = "tank/chain@day1 tank/chain@day2" ]
}

# month: Jan 1 -> Jan 2 -> ... -> Jan 31 -> Feb 1 -> Feb 2, of streams without content.
month() {
  local day name guid=0
  for day in 01-{01..31} 02-01 02-02; do
    name=tank/home@2026-$day
    guid=$((guid + 1))
    small_stream "$name" "$guid" $((guid - 1)) | zfs2s3-put >"$BATS_TEST_TMPDIR/edge"
  done
}

@test "the month with a bypass: Jan 31 -> Feb 1 may go only once Jan 1 -> Feb 1 is stored, then all inside it" {
  month
  local day inside=(tank/home@2026-01-{31..02})
  run -3 --separate-stderr zfs2s3-rm tank/home@2026-02-01 --base @2026-01-31
  says "would abandon tank/home@2026-02-02"
  zfs2s3-put < <(small_stream tank/home@2026-02-01 32 1)
  zfs2s3-rm tank/home@2026-02-01 --base @2026-01-31
  cp -r "$ZFS2S3_DATA_DIR" "$BATS_TEST_TMPDIR/all"

  # As one set, which is looked at only:
  run -0 bats_pipe zfs2s3-graph \| jq -c 'select(.snapshot | test("@2026-01-(0[2-9]|[123])"))' \| zfs2s3-rm -n
  [ "$(jq -r .snapshot <<<"$output")" = "$(printf '%s\n' "${inside[@]}")" ]
  [ "$(snapshots | wc -l)" -eq 33 ]

  # Edge by edge, from the end; not from the middle:
  run -3 zfs2s3-rm tank/home@2026-01-15
  for day in "${inside[@]}"; do zfs2s3-rm "$day"; done
  [ "$(keys)" = "$(printf '%s\n' tank/home@2026-01-01 "tank/home@2026-02-01 <- tank/home@2026-01-01" \
    "tank/home@2026-02-02 <- tank/home@2026-02-01")" ]
  [ "$(zfs2s3-graph | jq -r .restorable | sort -u)" = true ]
}

@test "the month with a bypass, as one set" {
  put_chain 5
  zfs2s3-put < <(small_stream tank/chain@day5 74382577200635034 8780626225864181396)
  run -0 --separate-stderr bats_pipe zfs2s3-graph \| jq -c 'select(.base != null and .base != "tank/chain@day1"
    or .snapshot == "tank/chain@day2")' \| zfs2s3-check \| zfs2s3-rm
  [ "$stderr" = "" ]
  [ "$(jq -r .snapshot <<<"$output" | paste -sd' ')" = \
    "tank/chain@day5 tank/chain@day4 tank/chain@day3 tank/chain@day2" ]
  [ "$(keys)" = "$(printf '%s\n' tank/chain@day1 "tank/chain@day5 <- tank/chain@day1")" ]
}

@test "neither zfs nor the local snapshot is needed" {
  put_chain 2
  PATH=$(path_without zfs) run -0 zfs2s3-rm tank/chain@day2
  [ "$(keys)" = tank/chain@day1 ]
}

@test "-n deletes nothing and prints what would go" {
  put_chain 2
  remember
  run -0 --separate-stderr zfs2s3-rm -n tank/chain@day2
  [ "$(jq -r .snapshot <<<"$output")" = tank/chain@day2 ]
  [ "$stderr" = "" ]
  unchanged
}

@test "an ambiguous name is refused with the candidates" {
  put_chain 4
  put_fixture chain-1-4
  remember
  run -3 --separate-stderr zfs2s3-rm tank/chain@day4
  says "zfs2s3-rm: tank/chain@day4 is ambiguous: tank/chain@day4 <- tank/chain@day3, tank/chain@day4 <- tank/chain@day1: say which with --base"
  unchanged
}

@test "a bypass whose object is missing protects nothing" {
  put_chain 5
  put_fixture chain-1-4
  in_bucket delete "tank/chain@day4 <- tank/chain@day1"
  remember
  run -3 --separate-stderr zfs2s3-rm tank/chain@day4 --base @day3
  says "would abandon tank/chain@day5 (through tank/chain@day5 <- tank/chain@day4), because tank/chain@day4 <- tank/chain@day1 can't be relied on: '${ZFS2S3_PREFIX}tank/chain@day4 <- tank/chain@day1' is not in bucket $ZFS2S3_BUCKET"
  unchanged
}

@test "nor does one of another size" {
  put_chain 5
  put_fixture chain-1-4
  in_bucket put "tank/chain@day4 <- tank/chain@day1" <<<"something else"
  remember
  run -3 --separate-stderr zfs2s3-rm tank/chain@day4 --base @day3
  says "is 15 bytes long, not 28096"
  unchanged
}

@test "an object that is already gone is said, and --gone takes its edge out of the catalog" {
  put_chain 2
  in_bucket delete "tank/chain@day2 <- tank/chain@day1"
  remember
  run -3 --separate-stderr zfs2s3-rm tank/chain@day2
  says "zfs2s3-rm: '${ZFS2S3_PREFIX}tank/chain@day2 <- tank/chain@day1' is not in bucket $ZFS2S3_BUCKET: is ZFS2S3_BUCKET right?"
  unchanged
  zfs2s3-rm tank/chain@day2 --gone
  [ "$(snapshots)" = tank/chain@day1 ]
}

@test "an object that is not what the catalog says is not deleted" {
  put_chain 1
  in_bucket put tank/chain@day1 <<<"somebody's only copy"
  remember
  run -3 --separate-stderr zfs2s3-rm tank/chain@day1
  says "zfs2s3-rm: tank/chain@day1 (full) is not what the catalog says: "
  unchanged
}

@test "a removal that was interrupted is finished by the next command" {
  put_chain 2
  s3 POST faults "{\"operation\":\"DeleteObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"hold\",\"name\":\"$BATS_TEST_NUMBER\"}"
  zfs2s3-rm tank/chain@day2 3>&- &
  local removing=$!
  s3 GET "wait?held=$BATS_TEST_NUMBER"
  kill -KILL "$removing"
  wait "$removing" || true
  s3 DELETE faults
  # As long as the note is there, the object is; the catalog no longer lists it.
  [ "$(snapshots)" = tank/chain@day1 ]
  [ "$(keys | wc -l)" -eq 2 ]
  put_fixture chain-1-2
  [ "$(keys | wc -l)" -eq 2 ]
  [ "$(snapshots | wc -l)" -eq 2 ]
  [ "$(ls "$ZFS2S3_DATA_DIR/removals")" = "" ]
}

@test "S3 that refuses to delete is status 1, and the next command deletes" {
  put_chain 1
  s3 POST faults "{\"operation\":\"DeleteObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"code\":\"AccessDenied\"}"
  run -1 --separate-stderr zfs2s3-rm tank/chain@day1
  says "zfs2s3-rm: can't delete '${ZFS2S3_PREFIX}tank/chain@day1' in bucket $ZFS2S3_BUCKET: S3 refuses it (403 AccessDenied): check what the IAM policy"
  [ "$(keys)" = tank/chain@day1 ]
  run -3 --separate-stderr zfs2s3-rm tank/chain@day1
  says "tank/chain@day1 is not stored"
  [ "$(keys)" = "" ]
}

@test "a removal that was begun does not stop a put that may not delete" {
  put_chain 2
  s3 POST faults "{\"operation\":\"DeleteObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"code\":\"AccessDenied\",\"times\":2}"
  run -1 zfs2s3-rm tank/chain@day2
  run -0 --separate-stderr zfs2s3-put <"$fixtures/plain-full.zs"
  [ "$stderr" = "" ]
  [ "$(keys | grep -c day2)" = 1 ]
  # It stays noted, for one that may:
  run -3 zfs2s3-rm tank/chain@day2
  [ "$(keys | grep -c day2)" = 0 ]
  [ "$(ls "$ZFS2S3_DATA_DIR/removals")" = "" ]
}

@test "wrong usage is status 2, and changes nothing" {
  put_chain 1
  remember
  run -2 --separate-stderr zfs2s3-rm --force tank/chain@day1
  says "zfs2s3-rm: there is no option --force: see --help"
  run -2 --separate-stderr zfs2s3-rm <<<"tank/chain@day1"
  says "zfs2s3-rm: 'tank/chain@day1' in the input is not JSON"
  unchanged
}

@test "a lock that somebody else holds is status 5, and says who" {
  put_chain 1
  remember
  jq -n '{nonce: "0123456789abcdef", pid: 1, host: "elsewhere", boot: null, namespace: null, start: null,
    purpose: "a long removal", since: "2026-01-01T00:00:00Z"}' >"$ZFS2S3_DATA_DIR/lock"
  run -5 --separate-stderr zfs2s3-rm tank/chain@day1
  says "zfs2s3-rm: $ZFS2S3_DATA_DIR/lock is held by 'a long removal' (process 1 on elsewhere, since 2026-01-01T00:00:00Z): wait until that has ended"
  rm "$ZFS2S3_DATA_DIR/lock"
  unchanged
}
