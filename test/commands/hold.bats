# put --hold and commit: an upload whose last step waits until the whole pipeline is known to have succeeded. And --opaque.
load helper
load streams

setup_file() {
  start_small_s3
  export ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/stored ZFS2S3_PREFIX=${root}stored/
  put_fixture chain-1
  age-keygen -o "$BATS_FILE_TMPDIR/key" 2>/dev/null || true
}
teardown_file() { stop_s3; }
setup() {
  needs age
  starting_with "$BATS_FILE_TMPDIR/stored"
  recipient=$(age-keygen -y "$BATS_FILE_TMPDIR/key")
  guid=$(zfs2s3-inspect <"$increment" | jq -r .toguid)
}

increment=$fixtures/chain-1-2.zs

# hold [ARGUMENT...]: keeps what is on stdin for commit.
hold() {
  # shellcheck disable=SC2086
  zfs2s3-put $small --hold tank/chain@day2 --base @day1 --guid "$guid" "$@"
}

@test "an encrypted stream is held, then committed, and comes back byte for byte" {
  set -o pipefail
  run -0 --separate-stderr eval 'age -r "$recipient" <"$increment" | hold'
  [ "$output" = "" ]
  [ "$stderr" = "" ]
  catalog_untouched
  [ "$(zfs2s3-pending | jq -c '[.state, .go_on]')" = '["held","zfs2s3-commit tank/chain@day2"]' ]
  [[ "$(bucket_has)" == "upload "* ]]

  run -0 --separate-stderr zfs2s3-commit tank/chain@day2
  [ "$(jq -c '[.snapshot, .base, .guid, .verified]' <<<"$output")" = \
    "[\"tank/chain@day2\",\"tank/chain@day1\",\"$guid\",false]" ]
  [ "$stderr" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
  zfs2s3-get tank/chain@day2 --filter "age -d -i $BATS_FILE_TMPDIR/key" | cmp - "$increment"
}

@test "a second commit says that there is nothing to commit" {
  run -3 --separate-stderr zfs2s3-commit tank/chain@day2
  ends_with 3 "no upload"
}

@test "when zfs send dies in front of age, the pipeline fails and nothing is committed" {
  set -o pipefail
  run -1 eval '(head -c 9000 "$increment"; exit 1) | age -r "$recipient" | hold && zfs2s3-commit tank/chain@day2'
  catalog_untouched
  [[ "$(bucket_has)" == "upload "* ]]
  zfs2s3-abort
  nothing_came_of_it
}

@test "when age is killed, the pipeline fails and nothing is committed" {
  set -o pipefail
  run -137 eval 'cat "$increment" | (age -r "$recipient" | head -c 9000; kill -KILL $BASHPID) | hold && zfs2s3-commit'
  catalog_untouched
  [[ "$(bucket_has)" == "upload "* ]]
}

@test "a stream that can be read is checked all the same when it is held" {
  run --separate-stderr hold < <(head -c 9000 "$increment")
  ends_with 4 "without its END"
  pending_with 2
  run --separate-stderr zfs2s3-commit
  ends_with 3 "is not complete"
  zfs2s3-abort
  run --separate-stderr hold < <(flipped "$increment" 9000)
  ends_with 4 "damaged"
  nothing_came_of_it
  run -0 hold <"$increment"
  run -0 zfs2s3-commit
  [ "$(jq .verified <<<"$output")" = true ]
}

@test "without --hold or --opaque an encrypted stream is refused at its first bytes, with the three ways there are" {
  local cipher
  for cipher in "age -r $recipient" "age -a -r $recipient"; do
    run --separate-stderr zfs2s3-put tank/chain@day2 --base @day1 --guid "$guid" < <($cipher <"$increment")
    ends_with 4 "is encrypted (age)"
    [[ "$stderr" == *--filter*--hold*zfs2s3-commit*--opaque* ]]
  done
  nothing_came_of_it
  [ "$(requests CreateMultipartUpload)" -eq 0 ]
}

@test "gpg's output is known as well, binary and armored" {
  needs gpg
  export GNUPGHOME=$BATS_TEST_TMPDIR/gpg
  mkdir -m 700 "$GNUPGHOME"
  local armor
  for armor in --no-armor --armor; do
    run --separate-stderr zfs2s3-put tank/chain@day2 --base @day1 --guid "$guid" < <(gpg --quiet --batch \
      --pinentry-mode loopback --passphrase secret $armor --symmetric <"$increment" 3>&-)
    ends_with 4 "is encrypted (openpgp)"
  done
  nothing_came_of_it
  gpgconf --kill all
}

@test "--opaque stores it unchecked, and the edge says so" {
  run -0 --separate-stderr zfs2s3-put --opaque tank/chain@day2 --base @day1 --guid "$guid" < <(age -r "$recipient" <"$increment")
  [ "$stderr" = "" ]
  [ "$(jq -c '[.guid, .verified, .stream]' <<<"$output")" = "[\"$guid\",false,null]" ]
  zfs2s3-get tank/chain@day2 --filter "age -d -i $BATS_FILE_TMPDIR/key" | cmp - "$increment"
}

@test "a stream that can not be read must be named, with its GUID, or zfs must know it" {
  run --separate-stderr zfs2s3-put --opaque < <(age -r "$recipient" <"$increment")
  ends_with 2 "doesn't say what it is"
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho %s\n' "$guid" >"$BATS_TEST_TMPDIR/bin/zfs"
  chmod +x "$BATS_TEST_TMPDIR/bin/zfs"
  PATH="$BATS_TEST_TMPDIR/bin:$PATH" run -0 zfs2s3-put --opaque tank/chain@day2 --base @day1 < <(age -r "$recipient" <"$increment")
  [ "$(jq -r .guid <<<"$output")" = "$guid" ]
}

@test "a stream that can not be read needs a stored base like any other" {
  run --separate-stderr zfs2s3-put --opaque tank/chain@day3 --base @day2 --guid 3 < <(age -r "$recipient" <"$increment")
  ends_with 3 "the base tank/chain@day2 is not stored"
  nothing_came_of_it
}

@test "what is encrypted first and compressed then is as unreadable, and stored if the user says so" {
  set -o pipefail
  run -4 --separate-stderr eval 'age -r "$recipient" <"$increment" | gzip | zfs2s3-put tank/chain@day2 --base @day1'
  [ "$output" = "" ]
  run -0 --separate-stderr eval 'age -r "$recipient" <"$increment" | gzip |
    zfs2s3-put tank/chain@day2 --base @day1 --guid "$guid" --opaque'
  [ "$(jq -c '[.snapshot, .verified]' <<<"$output")" = '["tank/chain@day2",false]' ]
  zfs2s3-get tank/chain@day2 --filter "gzip -d | age -d -i $BATS_FILE_TMPDIR/key" | cmp - "$increment"
}
