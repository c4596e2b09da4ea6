# Moving over from the Python tool, and back: its catalog, its keys, its upload in progress.
load helper

setup_file() {
  start_s3
  needs_own_bucket "its keys have no prefix"
}
teardown_file() { stop_s3; }
setup() {
  fresh
  export ZFS2S3_PREFIX=""
  mkdir "$ZFS2S3_DATA_DIR"
}

# python: runs the one that has PyYAML; skips loudly without it.
python() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import yaml' 2>"$BATS_TEST_TMPDIR/python" && { "$python" "$@"; return; }
  done
  skip "python3-yaml IS NOT INSTALLED: not checked against the Python tool (apt-get install python3-yaml)"
}

# as_the_python_tool_sees_it: every edge in the catalog, as SNAPSHOT GUID <- BASE GUID, through the Python tool's classes.
as_the_python_tool_sees_it() {
  python "$top/test/catalog/seed.py" "$(catalog)" >"$BATS_TEST_TMPDIR/rewritten.yml"
  mkdir -p "$BATS_TEST_TMPDIR/rewritten"
  cp "$BATS_TEST_TMPDIR/rewritten.yml" "$BATS_TEST_TMPDIR/rewritten/stored_snapshots.yml"
  ZFS2S3_DATA_DIR=$BATS_TEST_TMPDIR/rewritten edges
}

edges() {
  zfs2s3-graph | jq -r '[.snapshot, .guid, .base, .base_guid, .key] | join(" ")'
}

@test "its catalog is read, keys and all" {
  cp "$fixtures/python-tool/stored_snapshots.yml" "$(catalog)"
  run -0 --separate-stderr zfs2s3-graph
  [ "$stderr" = "" ]
  [ "$(jq -r .key <<<"$output")" = "$(printf '%s\n' tank/home@2026-01-01 \
    "tank/home@2026-01-02 <- tank/home@2026-01-01" "tank/home@2026-02-01 <- tank/home@2026-01-02" \
    "tank/home@2026-02-01 <- tank/home@2026-01-01" "tank/vol-1_x:y.z@snap 1")" ]
  [ "$(jq -sr '.[2].guid, .[2].base_guid' <<<"$output" | paste -sd' ')" = "5959002513421229021 4571519197515276580" ]
  # What it didn't note isn't known.
  [ "$(jq -c '[.bytes, .sha256, .verified, .stored]' <<<"$output" | sort -u)" = "[null,null,null,null]" ]
}

@test "one with hundreds of aliases as well" {
  cp "$fixtures/python-tool/chain-of-400.yml" "$(catalog)"
  [ "$(zfs2s3-graph | wc -l)" -eq "$(grep -c S3BackupDto "$(catalog)")" ]
  [ "$(zfs2s3-graph | jq -r .restorable | sort -u)" = true ]
}

@test "what it stored is read back, removed, and gone on from" {
  local edge
  for edge in "chain-1 tank/chain@day1" "chain-1-2 tank/chain@day2 <- tank/chain@day1"; do
    in_bucket put "${edge#* }" <"$fixtures/${edge%% *}.zs"
  done
  cat >"$(catalog)" <<'YAML'
!S3BackupStructureDto
backups:
- !S3BackupDto
  base: null
  snapshot: &id001 !SnapshotDto
    guid: '8780626225864181396'
    name: tank/chain@day1
- !S3BackupDto
  base: *id001
  snapshot: !SnapshotDto
    guid: '1060474375887697316'
    name: tank/chain@day2
YAML
  cmp <(zfs2s3-get tank/chain@day2) "$fixtures/chain-1-2.zs"
  put_fixture chain-2-3
  run -3 --separate-stderr zfs2s3-rm tank/chain@day2
  says "would abandon tank/chain@day3"
  zfs2s3-rm tank/chain@day3
  zfs2s3-rm tank/chain@day2
  [ "$(keys)" = tank/chain@day1 ]
  zfs2s3-rm tank/chain@day1
}

@test "it can read what put and rm have written, and we what it then writes" {
  put_chain 3
  put_fixture zvol-full
  zfs2s3-rm tank/chain@day3
  edges >"$BATS_TEST_TMPDIR/ours"
  as_the_python_tool_sees_it >"$BATS_TEST_TMPDIR/theirs"
  cmp "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs"
  zfs2s3-rm tank/vol@one
  zfs2s3-rm tank/chain@day2
  zfs2s3-rm tank/chain@day1
}

# its_upload: a multipart upload as it makes them, of its own example, with its first chunk, and its two files.
its_upload() {
  local id etag
  { read -r id && read -r etag; } < <(in_bucket begin "tank/home@2026-02-01 <- tank/home@2026-01-01" <"$fixtures/chain-1.zs")
  cp "$fixtures/python-tool/stored_snapshots.yml" "$(catalog)"
  cp "$fixtures/python-tool/upload_schedule.yml" "$ZFS2S3_DATA_DIR"
  printf "!S3UploadProgressDto\nchunks_done: 1\netags:\n- '%s'\nupload_id: %s\n" "$etag" "$id" >"$ZFS2S3_DATA_DIR/upload_progress.yml"
}

@test "its upload in progress is listed, and stands in the way of another" {
  its_upload
  [ "$(zfs2s3-pending | jq -r '.snapshot, .base, .bytes, .parts, .tool, .give_up' | paste -sd,)" = \
    "tank/home@2026-02-01,tank/home@2026-01-01,78643200,1,python,zfs2s3-abort" ]
  run -3 --separate-stderr zfs2s3-put <"$fixtures/chain-1.zs"
  says "zfs2s3-put: the Python tool's upload of tank/home@2026-02-01 is not finished: finish it there, or give it up with zfs2s3-abort"
  zfs2s3-abort
}

@test "and can be given up: its parts are freed, its files gone, the catalog as it was" {
  its_upload
  [ "$(open_uploads)" = "tank/home@2026-02-01 <- tank/home@2026-01-01 1" ]
  run -0 --separate-stderr zfs2s3 abort_upload
  [ "$output$stderr" = "" ]
  [ "$(open_uploads)" = "" ]
  [ "$(ls "$ZFS2S3_DATA_DIR")" = stored_snapshots.yml ]
  cmp "$(catalog)" "$fixtures/python-tool/stored_snapshots.yml"
}

@test "also where its schedule is lost and only S3 knows what it was of" {
  its_upload
  rm "$ZFS2S3_DATA_DIR/upload_schedule.yml"
  zfs2s3-abort
  [ "$(open_uploads)" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
}

@test "its upload stays as it is if S3 can't be asked: status 1" {
  its_upload
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 run -1 --separate-stderr zfs2s3-abort --retry-for 1s
  [ -e "$ZFS2S3_DATA_DIR/upload_progress.yml" ]
  zfs2s3-abort
}

@test "a damaged file of its is status 1, and nothing else is begun" {
  echo "chunks_done: x" >"$ZFS2S3_DATA_DIR/upload_progress.yml"
  run -1 --separate-stderr zfs2s3-pending
  says "zfs2s3-pending: $ZFS2S3_DATA_DIR/upload_progress.yml"
  run -1 --separate-stderr zfs2s3-put <"$fixtures/chain-1.zs"
  says "zfs2s3-put: $ZFS2S3_DATA_DIR/upload_progress.yml"
  [ "$(keys)" = "" ]
}
