# --help and --version of every command, whichever way it is called.
load helper

setup() { fresh; }

# names: all commands, as zfs2s3 --help lists them.
names() {
  zfs2s3 --help | sed -n 's/^  zfs2s3[- ]\([a-z_]*\) .*/\1/p'
}

# executables: those that are one of their own.
executables() {
  basename -a "$top"/bin/zfs2s3-* | sed 's/^zfs2s3-//' | sort
}

@test "zfs2s3 --help lists every command, and every executable is one of them" {
  run -0 --separate-stderr zfs2s3 --help
  [ "$stderr" = "" ]
  [ "$(executables)" = "$(sed -n 's/^  zfs2s3-\([a-z_]*\) .*/\1/p' <<<"$output" | sort)" ]
  [ "$(executables)" = "$(jq -r '.bin | keys[] | select(. != "zfs2s3") | .[7:]' "$top/package.json" | sort)" ]
}

@test "every command's --help has usage, options, an example and the exit statuses" {
  local name part
  for name in $(names); do
    run -0 --separate-stderr zfs2s3 "$name" --help
    [ "$stderr" = "" ]
    [[ "${lines[0]}" == "zfs2s3"[-\ ]"$name - "* ]]
    for part in "Usage:" "Options:" "Example" "Exit status:" "  -h, --help " "  2  wrong usage" "  --version "; do
      [[ "$output" == *"$part"* ]] || { echo "$name lacks $part"; return 1; }
    done
  done
}

@test "every executable says the same when it is called by its own name, and by -h" {
  local name
  for name in $(executables); do
    cmp <("zfs2s3-$name" -h) <(zfs2s3 "$name" --help)
  done
}

@test "every command's --version is the package's" {
  local name version
  version=$(jq -r .version "$top/package.json")
  for name in $(names); do
    [[ "$(zfs2s3 "$name" --version)" == "zfs2s3"[-\ ]"$name $version" ]]
  done
  [ "$(zfs2s3 --version)" = "zfs2s3 $version" ]
}

@test "--help needs nothing: no catalog, no S3, no stdin" {
  AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 run -0 zfs2s3-put --help <&-
  run -0 zfs2s3-rm --help --base tank/home@a tank/home@b
}

@test "every command refuses an unknown option with status 2, nothing on stdout and its own name" {
  local name
  for name in $(names); do
    run -2 --separate-stderr zfs2s3 "$name" --frobnicate </dev/null
    [ "$output" = "" ]
    [[ "$stderr" == "zfs2s3"[-\ ]"$name: there is no option --frobnicate: see --help" ]]
  done
}
