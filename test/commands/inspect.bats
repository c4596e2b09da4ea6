# zfs2s3-inspect: what a stream is, and whether it is whole. Needs neither zfs nor S3.
load helper
load streams

# What zfs and zstream said of a recorded stream when it was made, as inspect should say it.
manifest() {
  jq -c --arg file "$1.zs" '.streams[] | select(.file == $file) | {
    kind: (if .begin.hdrtype == 2 then "package" else .kind end),
    toname: .begin.toname,
    toguid: .begin.toguid,
    fromguid: (if .begin.fromguid == "0" then null else .begin.fromguid end),
    created: (if .begin.creation_time == 0 then null else .begin.creation_time | todate end),
    features: (.begin.features | map(ascii_downcase | if . == "embed" then "embed_data" else . end) | sort),
    complete
  }' "$fixtures/manifest.json"
}

# records TYPE: how many of them the lines of inspect count, and their bytes, as zstream dump prints them.
records() {
  jq -rs --arg type "$1" '"\(map(.records[$type] // 0) | add) records (\(map(.payload_bytes[$type] // 0) | add) bytes)"'
}

# damaged WHAT, with the stream on stdin: status 4, and the reason on stderr.
damaged() {
  run -4 --separate-stderr zfs2s3-inspect
  [[ "$stderr" == "zfs2s3-inspect: "*"$1"* ]] || { echo "stderr: $stderr"; return 1; }
}

setup_file() {
  local file
  mkdir "$BATS_FILE_TMPDIR/lines"
  for file in "$BATS_TEST_DIRNAME"/../fixtures/*.zs; do
    "$BATS_TEST_DIRNAME"/../../bin/zfs2s3-inspect <"$file" >"$BATS_FILE_TMPDIR/lines/$(basename "$file")" 2>/dev/null ||
      [ "$(basename "$file")" = saved-S.zs ]
  done
}

@test "every recorded stream is what the manifest says" {
  local file facts
  for file in $(jq -r '.streams[].file' "$fixtures/manifest.json"); do
    facts=$(jq -c -s '.[0] | {kind, toname, toguid, fromguid, created, features: (.features | sort), complete}' \
      "$BATS_FILE_TMPDIR/lines/$file")
    echo "$file: $facts"
    [ "$facts" = "$(manifest "${file%.zs}")" ]
  done
}

@test "every recorded stream has as many records and bytes of each type as zstream dump counts" {
  local file dump type line
  for file in $(jq -r '.streams[].file' "$fixtures/manifest.json"); do
    dump=$(gunzip -c "$fixtures/${file%.zs}.dump.gz")
    for type in BEGIN OBJECT FREEOBJECTS WRITE WRITE_EMBEDDED FREE SPILL END; do
      line=$(sed -n "s/^\tTotal DRR_$type records = \([0-9]*\) (\([0-9]*\) bytes)/\1 records (\2 bytes)/p" <<<"$dump")
      echo "$file $type: $line"
      [ -n "$line" ]
      [ "$(records "$type" <"$BATS_FILE_TMPDIR/lines/$file")" = "$line" ]
    done
  done
}

@test "a whole stream ends with 0 and says nothing on stderr; so does one that was begun in the middle" {
  local name
  for name in plain-empty-incr raw-w-full repl-R-full resumed-t; do
    run -0 --separate-stderr zfs2s3-inspect <"$fixtures/$name.zs"
    [ "$stderr" = "" ]
  done
}

@test "a package has a line for itself and one for each stream in it" {
  run -0 zfs2s3-inspect <"$fixtures/repl-R-incr.zs"
  [ "$(jq -r '"\(.kind) \(.toname)"' <<<"$output")" = "package tank/tree@two
incremental tank/tree@two
incremental tank/tree/kid@two
incremental tank/tree/kid/baby@two" ]
}

@test "the IV sets of raw streams connect, and a full one starts from none" {
  local to from
  [ "$(zfs2s3-inspect <"$fixtures/raw-w-full.zs" | jq .from_ivset_guid)" = null ]
  to=$(zfs2s3-inspect <"$fixtures/raw-w-full.zs" | jq -r .to_ivset_guid)
  from=$(zfs2s3-inspect <"$fixtures/raw-w-incr.zs" | jq -r .from_ivset_guid)
  [ "$to" != null ]
  [ "$to" = "$from" ]
}

@test "a partly received snapshot (zfs send -S) is no whole stream" {
  damaged "only partly received" <"$fixtures/saved-S.zs"
  [ "$(jq -r '.kind, .complete, .damage.outcome' <<<"$output" | paste -sd ' ')" = "saved false truncated" ]
}

@test "nothing, text and noise are no streams, and give no line" {
  damaged "stdin is empty" </dev/null
  [ "$output" = "" ]
  damaged "text, not a zfs send stream" <<<"cannot open 'tank/home': dataset does not exist"
  [ "$output" = "" ]
  damaged "not a zfs send stream" < <(head -c 1000 /dev/zero | tr '\0' '\376')
  [ "$output" = "" ]
}

@test "a stream that is cut off says where" {
  local stream=$fixtures/chain-1.zs bytes at
  bytes=$(stat -c %s "$stream")
  for at in 1 16 311 312 313 1000 $((bytes - 312)) $((bytes - 1)); do
    damaged "the stream ends after $(LC_ALL=en_US.UTF-8 printf %d "$at" | sed ':a; s/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/; ta') bytes" < <(head -c "$at" "$stream")
    [ "$at" -lt 312 ] || [ "$(jq -c '[.complete, .damage.outcome, .damage.at]' <<<"$output")" = "[false,\"truncated\",$at]" ]
  done
}

@test "a package that is cut off between two of its streams is not whole" {
  local position
  position=$(substream "$fixtures/repl-R-full.zs" 2)
  damaged "without its END" < <(head -c "$position" "$fixtures/repl-R-full.zs")
  [ "$(jq -c .complete <<<"$output" | paste -sd ' ')" = "false true" ]
}

@test "a bit that is flipped is found: in the first header, in a payload, in a later header, in END" {
  local stream=$fixtures/chain-1.zs bytes at
  bytes=$(stat -c %s "$stream")
  for at in 4 9 40 100 400 40000 $((bytes - 320)) $((bytes - 312)) $((bytes - 300)) $((bytes - 150)) $((bytes - 1)); do
    damaged "" < <(flipped "$stream" "$at")
    [[ "$output" != *'"complete":true'* ]] || { echo "byte $at"; return 1; }
  done
}

@test "bytes behind the end are found, be it one, another stream, or the same again" {
  local stream=$fixtures/plain-empty-incr.zs
  damaged "more bytes follow its END" < <(cat "$stream" && printf '\0')
  damaged "more bytes follow its END" < <(cat "$stream" "$stream")
  damaged "at byte 624" < <(cat "$stream" "$fixtures/chain-1.zs")
}

@test "a package of zfs send -I without the snapshot that it is named after is not whole" {
  local package=$fixtures/plain-all-I.zs position
  position=$(substream "$package" 2)
  # As zfs send leaves it when it fails in between: the last END comes all the same.
  damaged "does not bring tank/plain@three" < <(head -c "$position" "$package" && tail -c 312 "$package")
}

@test "a stream of a big-endian machine is named as such" {
  damaged "big-endian" < <(big_endian)
}

@test "--pass copies every byte, writes its lines to stderr, and tells damage by its status" {
  local stream=$fixtures/many-full.zs
  bats_pipe -0 zfs2s3-inspect --pass <"$stream" 2>"$BATS_TEST_TMPDIR/lines" \| cmp - "$stream"
  [ "$(jq -r .toname "$BATS_TEST_TMPDIR/lines")" = tank/many@one ]

  flipped "$stream" 5000 >"$BATS_TEST_TMPDIR/damaged"
  local status=0
  zfs2s3-inspect --pass <"$BATS_TEST_TMPDIR/damaged" >"$BATS_TEST_TMPDIR/out" 2>/dev/null || status=$?
  [ "$status" -eq 4 ]
  cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/damaged"
}

@test "--pass in a pipeline whose reader leaves early ends quietly" {
  run bash -c 'zfs2s3-inspect --pass <"$1" | head -c 1000 | wc -c' bash "$fixtures/big-full.zs"
  [ "$output" = 1000 ]
}
