# Bad input and bad luck: one clear line, the right status, and nothing lost.
load helper

setup_file() {
  start_s3
  ZFS2S3_DATA_DIR=$BATS_FILE_TMPDIR/data put_chain 2
}
teardown_file() { stop_s3; }
# A catalog of two days, which every test has for itself; their objects are there for all.
setup() {
  fresh
  cp -r "$BATS_FILE_TMPDIR/data" "$ZFS2S3_DATA_DIR"
  cp "$(catalog)" "$BATS_TEST_TMPDIR/before"
}
# Whatever happens, the catalog is afterwards what it was before, unless a test says that it isn't.
teardown() {
  [ -z "${BATS_TEST_SKIPPED:+yes}" ] || return 0
  [ -n "$root" ] || s3 POST settings '{"tokenExpired":false,"skewMs":0}' >"$BATS_TEST_TMPDIR/settings"
  [ "${changed:-}" = yes ] || cmp "$(catalog)" "$BATS_TEST_TMPDIR/before"
}

all_objects() {
  ZFS2S3_PREFIX=$root objects
}

put_day3() {
  zfs2s3-put --retry-for 1s "$@" <"$fixtures/chain-2-3.zs"
}

# all_say STATUS TEXT: what put, get and rm say to it alike.
all_say() {
  local call
  for call in put_day3 "zfs2s3-get --retry-for 1s tank/chain@day1" "zfs2s3-rm --retry-for 1s tank/chain@day2"; do
    run "-$1" --separate-stderr $call
    says "$2"
  done
}

@test "an unknown option, and one without its value" {
  run -2 --separate-stderr put_day3 --frobnicate
  says "zfs2s3-put: there is no option --frobnicate: see --help"
  run -2 --separate-stderr put_day3 --base
  says "zfs2s3-put: --base needs a value"
  run -2 --separate-stderr put_day3 --bucket a-bucket --bucket another
  says "zfs2s3-put: --bucket is given twice"
  run -2 --separate-stderr put_day3 --timeout soon
  says "zfs2s3-put: --timeout is 'soon': give a time like 30s, 5m or 2h"
  run -2 --separate-stderr put_day3 --concurrency 0
  says "zfs2s3-put: --concurrency is '0': give a whole number, at least 1"
  run -2 --separate-stderr put_day3 tank/chain@day3 tank/chain@day2
  says "zfs2s3-put: 'tank/chain@day2' is one argument too many: see --help"
}

@test "a bucket that isn't there" {
  ZFS2S3_BUCKET=not-there all_say 1 "there is no bucket not-there at $AWS_ENDPOINT_URL_S3: create it (aws s3 mb s3://not-there) or set ZFS2S3_BUCKET"
}

@test "a bucket that can't be one" {
  ZFS2S3_BUCKET=s3://backups all_say 2 "'s3://backups' can't be a bucket: set ZFS2S3_BUCKET or --bucket to its name, without s3://"
}

@test "an access key that S3 doesn't know" {
  AWS_ACCESS_KEY_ID=AKIAIOSFODNN7UNKNOWN all_say 1 "check AWS_ACCESS_KEY_ID"
}

@test "a secret key that is wrong" {
  AWS_SECRET_ACCESS_KEY=wrong all_say 1 "check the credentials"
}

@test "no credentials at all" {
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  all_say 1 "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure"
}

@test "a profile that isn't there" {
  run -1 --separate-stderr put_day3 --profile nobody
  says "(CredentialsProviderError): set AWS_PROFILE"
}

@test "credentials that have expired" {
  s3 POST settings '{"tokenExpired":true}'
  all_say 1 "the credentials have expired: renew them"
}

@test "a clock that is an hour wrong is no hindrance: S3 says what time it is" {
  changed=yes
  s3 POST settings '{"skewMs":3600000}'
  run --separate-stderr put_day3
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
}

@test "no network" {
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 all_say 1 "no answer from http://127.0.0.1:9 (ECONNREFUSED): check the network and the endpoint, then run the command again"
}

@test "a host that has no address" {
  AWS_ENDPOINT_URL_S3=http://s3.invalid all_say 1 "no answer from http://s3.invalid"
}

@test "an endpoint that is no S3" {
  AWS_ENDPOINT_URL_S3=$AWS_ENDPOINT_URL_S3/-/nonsense run -1 --separate-stderr put_day3
  says "zfs2s3-put: can't look at "
}

# every_command_says TEXT: every command that needs the catalog says it, and changes nothing in it or in the bucket.
every_command_says() {
  local call
  cp "$(catalog)" "$BATS_TEST_TMPDIR/before"
  all_objects >"$BATS_TEST_TMPDIR/objects"
  for call in zfs2s3-graph "zfs2s3-check tank/chain@day2" "zfs2s3-get tank/chain@day1" "zfs2s3-rm tank/chain@day2" put_day3; do
    run -1 --separate-stderr $call
    says "$1"
  done
  cmp <(all_objects) "$BATS_TEST_TMPDIR/objects"
}

@test "a catalog that breaks off" {
  sed -i '$d' "$(catalog)"
  every_command_says "$(catalog) is damaged: it breaks off before its last line: restore it from a copy"
}

@test "a catalog that is empty is not no catalog" {
  : >"$(catalog)"
  every_command_says "$(catalog) is empty, but not for lack of backups"
}

@test "a catalog that is not text" {
  head -c 100 /dev/urandom >"$(catalog)"
  printf '\xff\xfe' >>"$(catalog)"
  every_command_says "$(catalog) is damaged: it is not text"
}

@test "a catalog that a newer version wrote" {
  sed -i 's/^version: 1/version: 2/' "$(catalog)"
  every_command_says "was written by a newer version of zfs2s3 (format 2): update zfs2s3"
}

@test "a catalog that may not be read" {
  changed=yes
  chmod 000 "$(catalog)"
  if [ "$(id -u)" = 0 ]; then
    needs setpriv
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR/test" && chmod 777 "$ZFS2S3_DATA_DIR"
    run -1 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$top/bin/zfs2s3-graph"
  else
    run -1 --separate-stderr zfs2s3-graph
  fi
  says "zfs2s3-graph: can't read $(catalog): permission denied"
}

@test "a catalog whose disk is not mounted is not no catalog" {
  changed=yes
  mv "$ZFS2S3_DATA_DIR" "$BATS_TEST_TMPDIR/disk"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$ZFS2S3_DATA_DIR"
  run -1 --separate-stderr zfs2s3-graph
  says "zfs2s3-graph: can't read $(catalog): "
  run -1 --separate-stderr put_day3
  says "zfs2s3-put: "
  [ "$(keys)" = "" ]
}

# on_full_disk: moves the data directory to a disk of 64 KiB that is full.
on_full_disk() {
  [ "$(id -u)" = 0 ] || skip "mounting a small disk takes root"
  mkdir "$BATS_TEST_TMPDIR/disk"
  mount -t tmpfs -o size=64k tmpfs "$BATS_TEST_TMPDIR/disk" || skip "can't mount a small disk here"
  cp -r "$ZFS2S3_DATA_DIR"/. "$BATS_TEST_TMPDIR/disk"
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/disk
  cat /dev/zero >"$BATS_TEST_TMPDIR/disk/ballast" 2>/dev/null || true
}

@test "a full disk: nothing is stored or removed, and the catalog stays whole" {
  on_full_disk
  all_objects >"$BATS_TEST_TMPDIR/objects"
  run -1 --separate-stderr put_day3
  local said=$stderr
  run -1 --separate-stderr zfs2s3-rm tank/chain@day2
  local removal=$stderr
  cmp "$(catalog)" "$BATS_TEST_TMPDIR/before"
  cmp <(all_objects) "$BATS_TEST_TMPDIR/objects"
  run -0 zfs2s3-graph
  rm "$BATS_TEST_TMPDIR/disk/ballast"
  put_day3
  [ "$(snapshots | wc -l)" -eq 3 ]
  changed=yes
  umount "$BATS_TEST_TMPDIR/disk"
  [[ "$said" == "zfs2s3-put: can't "*"the disk is full: free some space and try again" || "$said" == "zfs2s3-put: can't write the ledger "*"ENOSPC"* ]]
  [[ "$removal" == "zfs2s3-rm: can't "*"the disk is full: free some space and try again" ]]
}

@test "no zfs where a command needs it" {
  PATH=$(path_without zfs) run -1 --separate-stderr zfs2s3 upload tank/chain@day3
  says "zfs2s3 upload: can't run 'zfs send --raw tank/chain@day3' (spawn zfs ENOENT): is it installed and in PATH?"
}

@test "a file where the data directory should be" {
  local call
  changed=yes
  export ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/before
  for call in zfs2s3-graph zfs2s3-pending put_day3; do
    run -1 --separate-stderr $call
    says "not a directory"
  done
}

@test "where it failed is shown with ZFS2S3_DEBUG only" {
  run -3 --separate-stderr env ZFS2S3_DEBUG=1 zfs2s3-get tank/none@a
  [[ "$stderr" == *"    at "* ]]
  run -3 --separate-stderr zfs2s3-get tank/none@a
  [ "${#stderr_lines[@]}" -eq 1 ]
}
