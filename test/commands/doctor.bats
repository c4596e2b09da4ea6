# zfs2s3-doctor: what in the settings of a bucket would hurt backups.
load helper

setup_file() {
  needs_own_bucket "its settings are changed"
  start_s3
}
teardown_file() { stop_s3; }
setup() { fresh; }
teardown() {
  [ -z "$root" ] || return 0
  s3 DELETE faults
  s3 POST settings '{"identityPolicy":"","noChecksums":false,"noConditionalWrites":false}' >/dev/null
}

# bucket: from here on the bucket is another one, for this test alone.
bucket() {
  export ZFS2S3_BUCKET=bucket-$BATS_TEST_NUMBER
  s3api CreateBucket >/dev/null
}
# lifecycle RULES: sets the lifecycle rules, whose filter is the test's prefix unless they have one.
lifecycle() {
  s3api PutBucketLifecycleConfiguration "$(jq -c --arg prefix "$ZFS2S3_PREFIX" \
    '{LifecycleConfiguration: {Rules: map({Status: "Enabled", Filter: {Prefix: $prefix}} + .)}}' <<<"$1")" >/dev/null
}
codes() { jq -r '"\(.severity): \(.finding)"' <<<"$output"; }

@test "a bucket that nobody has set up endangers nothing, but lacks much" {
  bucket
  run -0 --separate-stderr zfs2s3-doctor
  [ "$stderr" = "" ]
  [ "$(codes)" = "warning: no-abort-rule
warning: versioning-off
note: no-object-lock
note: public-access-not-blocked
note: who-may-delete
note: not-probed" ]
  [ "$(jq -c 'keys_unsorted' <<<"${lines[0]}")" = '["finding","severity","what","why","remedy"]' ]
  [[ "$(jq -r 'select(.finding == "versioning-off").remedy' <<<"$output")" == *"--bucket $ZFS2S3_BUCKET,"* ]]
}

@test "what its remedies say is a remedy" {
  bucket
  s3api PutBucketVersioning '{"VersioningConfiguration":{"Status":"Enabled"}}'
  s3api PutObjectLockConfiguration '{"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled"}}'
  s3api PutPublicAccessBlock '{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}'
  lifecycle '[{"ID":"uploads","AbortIncompleteMultipartUpload":{"DaysAfterInitiation":30}},
    {"ID":"old","NoncurrentVersionExpiration":{"NoncurrentDays":90},"Expiration":{"ExpiredObjectDeleteMarker":true}}]'
  run -0 --separate-stderr zfs2s3-doctor --probe
  [ "$(codes)" = "note: noncurrent-expiration
note: no-default-lock
note: who-may-delete" ]
}

@test "rules that expire streams or archive the catalog's copy are dangers, and status 3" {
  bucket
  put_fixture chain-1
  lifecycle "$(jq -nc --arg key "${ZFS2S3_PREFIX}tank/chain" '[
    {ID: "tidy", Expiration: {Days: 30}, Filter: {Prefix: $key}},
    {ID: "cheap", Transitions: [{Days: 0, StorageClass: "DEEP_ARCHIVE"}], Filter: {ObjectSizeGreaterThan: 1}},
    {ID: "off", Expiration: {Days: 1}, Status: "Disabled"},
    {ID: "others", Expiration: {Days: 1}, Filter: {And: {Prefix: "", Tags: [{Key: "temporary", Value: "yes"}]}}}]')"
  run -3 --separate-stderr zfs2s3-doctor
  [ "$stderr" = "zfs2s3-doctor: 2 findings endanger the backups in bucket $ZFS2S3_BUCKET: do what the remedies say" ]
  [ "$(jq -r 'select(.severity == "danger").what' <<<"$output")" = \
    "lifecycle rule 'tidy' expires '${ZFS2S3_PREFIX}tank/chain@day1' after 30 days
lifecycle rule 'cheap' moves the catalog's copy to DEEP_ARCHIVE after 0 days" ]
}

@test "a rule that will abort an upload in progress is a danger" {
  bucket
  interrupted big-full
  lifecycle '[{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}}]'
  run -3 --separate-stderr zfs2s3-doctor
  [ "$(codes | head -2)" = "danger: upload-expires
warning: abort-early" ]
  zfs2s3-abort
}

@test "a public bucket is a danger, an encryption key is to be kept" {
  bucket
  s3api PutBucketPolicy "$(jq -nc --arg bucket "$ZFS2S3_BUCKET" '{Policy: ({Version: "2012-10-17", Statement: [{Effect: "Allow",
    Principal: "*", Action: "s3:DeleteObject", Resource: "arn:aws:s3:::\($bucket)/*"}]} | tojson)}')"
  s3api PutBucketEncryption '{"ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"alias/backups"}}]}}'
  run -3 --separate-stderr zfs2s3-doctor
  [ "$(codes | head -1)" = "danger: public-policy" ]
  [[ "$output" == *"encrypted with alias/backups (aws:kms)"* ]]
  [[ "$output" == *'the bucket policy allows s3:DeleteObject to \"*\"'* ]]
}

@test "what may not be asked, or is not known to the service, is a finding and never fine" {
  bucket
  s3 POST settings "$(jq -nc '{identityPolicy: ({Version: "2012-10-17", Statement: [{Effect: "Allow",
    Action: ["s3:ListBucket", "s3:GetObject", "s3:GetBucketVersioning"], Resource: "*"}]} | tojson)}')" >/dev/null
  s3 POST faults '{"operation":"GetObjectLockConfiguration","do":"status","code":"NotImplemented"}'
  run -0 --separate-stderr zfs2s3-doctor --probe
  [ "$(codes)" = "warning: unknown-lifecycle-rules
warning: versioning-off
warning: unknown-object-lock
warning: unknown-encryption
warning: unknown-public-access-block
warning: unknown-policy-status
warning: unknown-acl
warning: unknown-policy
note: who-may-delete
note: not-probed" ]
  [[ "$output" == *"object lock can't be read: S3 answered 501 NotImplemented"* ]]
  [[ "$output" == *"lifecycle rules can't be read: S3 answered 403 AccessDenied"*"allow s3:GetLifecycleConfiguration"* ]]
}

@test "--probe leaves nothing behind, not even versions" {
  lockable_bucket
  run -0 --separate-stderr zfs2s3-doctor --probe
  [ "$stderr" = "" ]
  [[ "$output" != *ignores* && "$output" != *unknown* && "$output" != *probe* ]]
  [ "$(s3api ListObjectVersions | jq -c '[.Versions, .DeleteMarkers]')" = "[null,null]" ]
  [ "$(open_uploads)" = "" ]
}

@test "--probe says what a service ignores" {
  bucket
  s3 POST settings '{"noChecksums":true,"noConditionalWrites":true}' >/dev/null
  run -0 --separate-stderr zfs2s3-doctor --probe
  [ "$(codes | grep ignores)" = "warning: ignores-complete-if-none
warning: ignores-put-if-none
warning: ignores-put-if-match
warning: ignores-checksums" ]
  [ "$(keys)" = "" ]
}

@test "--probe writes nothing where it could not be deleted again" {
  lockable_bucket
  s3api PutObjectLockConfiguration '{"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"COMPLIANCE","Days":3}}}}'
  run -0 --separate-stderr zfs2s3-doctor --probe
  [[ "$output" == *'"not-probed"'*"would be locked"* ]]
  [ "$(keys)" = "" ]
}

@test "streams whose bases unlock earlier are listed" {
  lockable_bucket
  put_chain 2 >/dev/null
  put_fixture chain-2-3 --lock-days 9
  run -0 --separate-stderr zfs2s3-doctor
  [[ "$output" != *base-unlocks-earlier* ]]
  s3api PutObjectRetention "{\"Key\":\"${ZFS2S3_PREFIX}tank/chain@day3 <- tank/chain@day2\",\"Retention\":{\"Mode\":\"GOVERNANCE\",\"RetainUntilDate\":\"2096-01-01T00:00:00Z\"}}"
  run -0 --separate-stderr zfs2s3-doctor
  [[ "$(jq -r 'select(.finding == "base-unlocks-earlier").what' <<<"$output")" == \
    "tank/chain@day3 <- tank/chain@day2 is locked until 2096-01-01T00:00:00Z, but tank/chain@day2 <- tank/chain@day1, which it needs, only until 20"* ]]
}

@test "on a terminal it is to be read" {
  bucket
  run -0 at_terminal zfs2s3-doctor
  [ "${lines[0]}" = "WARNING: no lifecycle rule aborts uploads that are never finished" ]
  [[ "${lines[2]}" == "    -> add a rule with "* ]]
}

@test "no bucket, or keys that are wrong, is status 1" {
  ZFS2S3_BUCKET=missing run -1 --separate-stderr zfs2s3-doctor
  says "zfs2s3-doctor: there is no bucket missing"
  AWS_SECRET_ACCESS_KEY=wrong run -1 --separate-stderr zfs2s3-doctor
  says "SignatureDoesNotMatch"
}

@test "--print-policy prints a policy for this bucket and prefix, and asks S3 nothing" {
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 ZFS2S3_PREFIX='a*b/' run -0 --separate-stderr zfs2s3-doctor --print-policy rm
  [ "$(jq -c '.Statement | map(.Resource)' <<<"$output")" = \
    '["arn:aws:s3:::zfs2s3","arn:aws:s3:::zfs2s3/a${*}b/*","arn:aws:s3:::zfs2s3/a${*}b/zfs2s3-catalog.yml"]' ]
  run -0 zfs2s3-doctor --print-policy get --catalog bucket
  [[ "$output" == *"zfs2s3-catalog.yml"*"zfs2s3-probe"* ]]
  run -0 zfs2s3-doctor --print-policy get
  [[ "$output" != *Put* ]]
  run -0 zfs2s3-doctor --print-policy put --lock
  [[ "$output" != *Delete* && "$output" == *s3:PutObjectRetention* ]]
  run -0 zfs2s3-doctor --print-policy get --region cn-north-1
  [[ "$output" == *'"arn:aws-cn:s3:::zfs2s3"'* ]]
}

@test "wrong usage is status 2" {
  run -2 --separate-stderr zfs2s3-doctor --print-policy everything
  says "zfs2s3-doctor: there is no policy for 'everything': use put, get, rm, thaw"
  run -2 zfs2s3-doctor --lock
  run -2 zfs2s3-doctor --print-policy get --lock
  run -2 zfs2s3-doctor something
}
