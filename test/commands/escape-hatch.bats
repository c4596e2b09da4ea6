# If zfs2s3 itself is lost, any S3 client will do: here Debian's awscli, which shares no code with it.
load helper

# The package's own: another one may stand in front of it in PATH.
aws=$(PATH=/usr/bin command -v aws || command -v aws || true)

# aws: with the endpoint as an option, since the variable is newer than some of them.
aws() { command "$aws" --endpoint-url "$AWS_ENDPOINT_URL_S3" "$@"; }

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() {
  [ -n "$aws" ] || skip "aws is not installed"
  fresh
}

# object KEY: its bytes, as the README says.
object() {
  aws s3 cp "s3://$ZFS2S3_BUCKET/$ZFS2S3_PREFIX$1" -
}

@test "a plain stream is what any client gets" {
  put_chain 2
  object tank/chain@day1 | cmp - "$fixtures/chain-1.zs"
  object "tank/chain@day2 <- tank/chain@day1" | cmp - "$fixtures/chain-1-2.zs"
}

@test "a filter is undone by hand" {
  needs zstd
  needs age
  local recipient
  age-keygen -o "$BATS_TEST_TMPDIR/key" 2>/dev/null
  recipient=$(age-keygen -y "$BATS_TEST_TMPDIR/key")
  put_fixture chain-1 --filter "zstd -q | age -r $recipient"
  object tank/chain@day1 | age -d -i "$BATS_TEST_TMPDIR/key" | zstd -qd | cmp - "$fixtures/chain-1.zs"
}

@test "volumes are joined by their numbers" {
  put_fixture big-full --part-size 5M --max-parts 1
  { object tank/big@one; object "tank/big@one#2"; object "tank/big@one#3"; } | cmp - "$fixtures/big-full.zs"
}

@test "the object says what it is and through which filter it went" {
  put_fixture chain-1 --filter 'gzip -1'
  run -0 aws s3api head-object --bucket "$ZFS2S3_BUCKET" --key "${ZFS2S3_PREFIX}tank/chain@day1"
  [ "$(jq -r '.Metadata["zfs2s3-filter"]' <<<"$output")" = 'gzip -1' ]
  [ "$(jq -r '.Metadata["zfs2s3-snapshot"]' <<<"$output")" = tank/chain@day1 ]
}
