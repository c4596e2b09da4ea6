# zfs2s3-graph --from bucket: the bucket tells of itself what is stored.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# told: what the catalog knows and what the bucket tells are the same, but for when it was stored (the clocks differ) and
# what the jq filter $untold takes away; and, where the service keeps none, for checksums.
told() {
  local known=$BATS_TEST_TMPDIR/known told=$BATS_TEST_TMPDIR/told
  [[ " ${ZFS2S3_TEST_S3_LACKS:-} " != *" checksums "* ]] ||
    untold="${untold:-.} | .sha256 = null | if .volumes then .volumes[].sha256 = null else . end"
  zfs2s3-graph | jq -cS "del(.stored) | ${untold:-.}" | sort >"$known"
  [ -s "$known" ]
  zfs2s3-graph --from bucket "$@" | jq -cS 'select(.stored) | del(.stored)' | sort >"$told"
  diff "$known" "$told"
}

# put_volumes NAME BYTES: stores a recorded stream in volumes of two parts of so many bytes.
put_volumes() {
  ZFS2S3_MIN_PART_SIZE=1 zfs2s3-put --part-size "$2" --max-parts 2 <"$fixtures/$1.zs"
}

@test "an empty bucket has no edges" {
  run -0 --separate-stderr zfs2s3-graph --from bucket
  [ "$output$stderr" = "" ]
}

@test "a chain and its bypass" {
  put_chain 4 && put_fixture chain-1-4
  told
}

@test "streams of all kinds" {
  local name
  for name in plain-full plain-incr raw-w-full raw-w-incr lz4-Lec-full lz4-Lec-incr zvol-full plain-props-p; do
    [ "$name" != plain-props-p ] || zfs2s3-rm tank/plain@two
    [ "$name" != plain-props-p ] || zfs2s3-rm tank/plain@one
    put_fixture "$name"
  done
  told
}

@test "streams that were compressed, filtered, held or not looked into" {
  needs zstd
  zstd -q <"$fixtures/chain-1.zs" | zfs2s3-put
  put_fixture chain-1-2 --filter $'zstd -q | cat # ü % \n' --hold && zfs2s3-commit
  openssl enc -aes-128-cbc -pbkdf2 -k x <"$fixtures/chain-2-3.zs" |
    zfs2s3-put tank/chain@day3 --base @day2 --guid 3 --opaque
  # How long it was before only its end has told.
  untold='if .stream then .stream.bytes = null else . end' told
}

@test "a filter too long for the metadata is told in part: the stream never passes for a plain one" {
  local filter="cat $(printf '| cat %.0s' {1..400})"
  put_fixture chain-1 --filter "$filter"
  run -0 --separate-stderr zfs2s3-graph --from bucket
  local told=$(jq -r .filter <<<"$output")
  [[ "$told" == *" ..." ]] && [[ "$filter" == "${told% ...}"* ]] && [ "${#told}" -gt 500 ]
}

@test "several volumes are one edge; without one of them they are none, and that is said" {
  s3 POST settings '{"minPartSize": 1}'
  put_volumes chain-1 20000
  [ "$(keys | wc -l)" -eq 2 ]
  told
  in_bucket delete 'tank/chain@day1#2'
  run -3 --separate-stderr zfs2s3-graph --from bucket
  [ "$output" = "" ]
  [[ "${stderr_lines[0]}" == "zfs2s3-graph: '$ZFS2S3_PREFIX"tank/chain@day1"' goes on behind its volume 1, which is the last one there: "* ]]
  [[ "${stderr_lines[1]}" == "zfs2s3-graph: 1 stored stream is not among what was printed: see above" ]]
}

@test "what a package brings is read from all of it, if that is wanted" {
  put_fixture plain-full && put_fixture plain-all-I && put_fixture repl-R-full && put_fixture repl-R-incr
  run -3 --separate-stderr zfs2s3-graph --from bucket
  [ "$(jq -r .snapshot <<<"$output")" = tank/plain@one ]
  [[ "${stderr_lines[0]}" == *"a package (zfs send -I, -R), of which only the whole stream says what it brings: 3 objects, such as "*": read it with --read-packages" ]]
  told --read-packages
}

@test "the Python tool's objects: names from the keys, GUIDs from the streams" {
  in_bucket put 'tank/chain@day1' <"$fixtures/chain-1.zs"
  in_bucket put 'tank/chain@day2 <- tank/chain@day1' <"$fixtures/chain-1-2.zs"
  run -0 --separate-stderr zfs2s3-graph --from bucket
  [ "$stderr" = "" ]
  [ "$(jq -r .guid <<<"$output")" = "$(jq -r '.streams[] | select(.file | IN("chain-1.zs", "chain-1-2.zs")).guid' "$fixtures/manifest.json")" ]
  [ "$(jq -c '[.base, .verified, .sha256, .stream.bytes, .restorable]' <<<"$output" | paste -sd' ')" = \
    "[null,null,null,$(wc -c <"$fixtures/chain-1.zs"),true] [\"tank/chain@day1\",null,null,$(wc -c <"$fixtures/chain-1-2.zs"),true]" ]
}

@test "an archived object of the Python tool is not guessed at; how to thaw it is said" {
  in_bucket put 'tank/chain@day1' <"$fixtures/chain-1.zs"
  altered 'tank/chain@day1' '{"storageClass":"DEEP_ARCHIVE"}'
  run -3 --separate-stderr zfs2s3-graph --from bucket
  [ "$output" = "" ]
  [[ "${stderr_lines[0]}" == *"archived, though only the stream says what it is: "*"aws s3api restore-object --bucket $ZFS2S3_BUCKET --key ${ZFS2S3_PREFIX}tank/chain@day1"* ]]
}

@test "a stream whose beginning can't be true is no edge" {
  # BEGIN has the length of its payload at 4, its GUID at 40 (docs/stream-format.md, Records).
  patched() { head -c "$1" "$fixtures/chain-1.zs"; printf "$2"; tail -c "+$(($1 + ${#3} + 1))" "$fixtures/chain-1.zs"; }
  patched 40 '\0\0\0\0\0\0\0\0' 12345678 | in_bucket put 'tank/chain@day1'
  patched 4 '\377\377\377\377' 1234 | in_bucket put 'tank/chain@day2'
  run -3 --separate-stderr zfs2s3-graph --from bucket
  [ "$output" = "" ]
  [[ "${stderr_lines[0]}" == *"tank/chain@day1' begins with a record that can't be read: it has no GUID: "* ]]
  [[ "${stderr_lines[1]}" == *"tank/chain@day2' begins with a record that can't be read: it is too long: "* ]]
}

@test "foreign objects are counted, and no harm comes of what they are called" {
  put_fixture chain-1
  local key
  for key in readme.txt '../../up@date' $'new\nline@x' 'a@b <- <- c@d' '<- a@b' 'photos@2026.jpg' 'ü@ü' 'tank/chain@day1 <- '; do
    in_bucket put "$key" <<<"$key"
  done
  told
  run -0 --separate-stderr zfs2s3-graph --from bucket
  [ "$stderr" = "zfs2s3-graph: not of zfs2s3, and left out: 8 objects" ]
}

@test "another prefix is noticed" {
  put_fixture chain-1 --prefix "${ZFS2S3_PREFIX}other/"
  run -0 --separate-stderr zfs2s3-graph --from bucket
  [ "$output" = "" ]
  [ "$stderr" = "zfs2s3-graph: stored under another prefix, and left out: '${ZFS2S3_PREFIX}other/tank/chain@day1': see whether ZFS2S3_PREFIX is right" ]
}

@test "an increment whose base is gone is printed, and is not restorable" {
  put_chain 2
  in_bucket delete tank/chain@day1
  run -0 --separate-stderr zfs2s3-graph --from bucket
  [ "$(jq -c '[.snapshot, .restorable]' <<<"$output")" = '["tank/chain@day2",false]' ]
}

@test "what can't be asked is status 1, and no answer" {
  put_fixture chain-1
  s3 POST faults "{\"operation\":\"HeadObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\",\"times\":0}"
  s3 POST faults "{\"operation\":\"GetObject\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"status\",\"status\":403,\"code\":\"AccessDenied\",\"times\":0}"
  run -1 --separate-stderr zfs2s3-graph --from bucket
  says "zfs2s3-graph: can't look at '${ZFS2S3_PREFIX}tank/chain@day1' in bucket $ZFS2S3_BUCKET: S3 refuses it (403 AccessDenied)"
  s3 DELETE faults
  run -1 --separate-stderr env AWS_SECRET_ACCESS_KEY=wrong zfs2s3-graph --from bucket
  says "zfs2s3-graph: can't list bucket $ZFS2S3_BUCKET (SignatureDoesNotMatch)"
  run -1 --separate-stderr zfs2s3-graph --from bucket --bucket elsewhere
  says "there is no bucket elsewhere"
}

@test "wrong usage is status 2" {
  run -2 --separate-stderr zfs2s3-graph --from tape
  says "zfs2s3-graph: --from is 'tape': give catalog, copy, bucket, or - for edges on stdin"
  run -2 --separate-stderr zfs2s3-graph --concurrency 3
  says "--concurrency and --read-packages are for --from bucket"
}
