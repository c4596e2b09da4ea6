# zfs2s3-abort: gives up an upload and frees its parts.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

@test "its parts are gone from S3, nothing is pending, nothing is said, and the next upload may begin" {
  interrupted big-full
  [ "$(open_uploads)" = "tank/big@one 1" ]
  run -0 --separate-stderr zfs2s3-abort
  [ "$output$stderr" = "" ]
  [ "$(open_uploads)" = "" ]
  [ "$(keys)" = "" ]
  [ "$(zfs2s3-pending)" = "" ]
  put_fixture chain-1
  [ "$(keys)" = tank/chain@day1 ]
}

@test "neither zfs nor the local snapshot is needed" {
  interrupted big-full
  PATH=$(path_without zfs) run -0 zfs2s3-abort tank/big@one
  [ "$(open_uploads)" = "" ]
}

@test "all volumes are freed" {
  s3 POST faults "{\"operation\":\"UploadPart\",\"key\":\"${ZFS2S3_PREFIX}tank/big@one#3\",\"do\":\"status\",\"code\":\"AccessDenied\"}"
  run -1 zfs2s3-put --part-size 5M --max-parts 1 --concurrency 1 <"$fixtures/big-full.zs"
  [ "$(open_uploads | sort)" = "$(printf '%s\n' 'tank/big@one 1' 'tank/big@one#2 1' 'tank/big@one#3 0')" ]
  zfs2s3-abort
  [ "$(open_uploads)" = "" ]
}

@test "where several are pending it wants to be told which: status 3" {
  interrupted big-full
  put_fixture chain-1 --hold --alongside
  run -3 --separate-stderr zfs2s3-abort
  says "zfs2s3-abort: several uploads are pending: "
  zfs2s3-abort tank/chain@day1
  [ "$(zfs2s3-pending | jq -r .snapshot)" = tank/big@one ]
  [ "$(open_uploads)" = "tank/big@one 1" ]
}

@test "without one it is status 3" {
  run -3 --separate-stderr zfs2s3-abort
  says "zfs2s3-abort: no upload is pending"
  interrupted big-full
  run -3 --separate-stderr zfs2s3-abort tank/other@a
  says "zfs2s3-abort: no upload of tank/other@a is pending: there are uploads of tank/big@one"
}

@test "an upload that is still running is status 5, and goes on" {
  put_in_background big-full
  run -5 --separate-stderr zfs2s3-abort
  says "is held by 'the upload of tank/big@one'"
  s3 POST "release?held=$BATS_TEST_NUMBER"
  put_ends_with 0
  [ "$(keys)" = tank/big@one ]
}

@test "parts that S3 has freed by itself are no hindrance" {
  interrupted big-full
  s3 POST faults "{\"operation\":\"AbortMultipartUpload\",\"key\":\"$ZFS2S3_PREFIX\",\"do\":\"forget\"}"
  run -0 zfs2s3-abort
  [ "$(zfs2s3-pending)" = "" ]
}

@test "if S3 is out of reach it is status 1, and the upload stays pending" {
  interrupted big-full
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 run -1 --separate-stderr zfs2s3-abort --retry-for 1s
  says "zfs2s3-abort: can't abort the upload of '${ZFS2S3_PREFIX}tank/big@one' in bucket $ZFS2S3_BUCKET: no answer from http://127.0.0.1:9"
  [ "$(zfs2s3-pending | jq -r .snapshot)" = tank/big@one ]
}

@test "another bucket is wrong usage: status 2, and the upload stays pending" {
  interrupted big-full
  run -2 --separate-stderr zfs2s3-abort --bucket another
  says "zfs2s3-abort: the upload of tank/big@one is in bucket $ZFS2S3_BUCKET, not in another: set ZFS2S3_BUCKET=$ZFS2S3_BUCKET"
  [ "$(zfs2s3-pending | jq -r .snapshot)" = tank/big@one ]
}
