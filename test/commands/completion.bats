# Shell completion, as each shell asks for it.
load helper

setup_file() { start_s3; }
teardown_file() { stop_s3; }
setup() { fresh; }

# bash_says LINE: what bash completes the line with, whose end is where the cursor is.
bash_says() {
  bash --norc -c 'source "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _zfs2s3; printf "%s\n" "${COMPREPLY[@]}"' - \
    <(zfs2s3 completion bash) "$1"
}

zsh_says() {
  zsh -fc 'compdef() { : }; compadd() { print -l -- ${(M)candidates:#$words[CURRENT]*} }; source $1
    words=("${(@s: :)2}"); CURRENT=$#words; _zfs2s3' - "$top/completions/_zfs2s3" "$1"
}

fish_says() {
  fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$top/completions/zfs2s3.fish" "$1" | cut -f 1
}

@test "bash: commands, options, the values of options" {
  [ "$(bash_says 'zfs2s3 up')" = upload ]
  [ "$(bash_says 'zfs2s3-put --st')" = --storage-class ]
  [ "$(bash_says 'zfs2s3 put --storage-class GLACIER')" = "$(printf '%s\n' GLACIER GLACIER_IR)" ]
  [ "$(bash_says 'zfs2s3-plan --prefer ' | xargs)" = "bytes links" ]
  [ "$(bash_says 'zfs2s3-thaw --tier B')" = Bulk ]
  mkdir "$BATS_TEST_TMPDIR/folder"
  [ "$(bash_says "zfs2s3-graph --data-dir $BATS_TEST_TMPDIR/fol")" = "$BATS_TEST_TMPDIR/folder" ]
  [ "$(bash_says 'zfs2s3-put --prefix ' | xargs)" = "" ]
}

@test "bash: stored snapshots, behind the character that readline cuts at" {
  put_chain 2 >/dev/null
  [ "$(bash_says 'zfs2s3-get tank/ch' | xargs)" = "tank/chain@day1 tank/chain@day2" ]
  [ "$(bash_says 'zfs2s3-get tank/chain@' | xargs)" = "day1 day2" ]
  [ "$(bash_says 'zfs2s3 restore tank/chain@day2' | xargs)" = day2 ]
  [ "$(bash_says 'zfs2s3-put x@y --base tank/chain@day1')" = day1 ]
}

@test "bash: local snapshots for what is sent, pending uploads for what goes on" {
  fake_zfs
  sed -i 's,^case ,[ "$1" != list ] || { echo tank/chain@day6; exit; }\n&,' "$BATS_TEST_TMPDIR/bin/zfs"
  [ "$(bash_says 'zfs2s3 upload tank')" = tank/chain@day6 ]
  interrupted big-full
  [ "$(bash_says 'zfs2s3-abort ' | head -n 1)" = tank/big@one ]
}

@test "zsh: the same" {
  needs zsh
  put_chain 1 >/dev/null
  zsh -n "$top/completions/_zfs2s3"
  [ "$(zsh_says 'zfs2s3 up')" = upload ]
  [ "$(zsh_says 'zfs2s3-plan --prefer b')" = bytes ]
  [ "$(zsh_says 'zfs2s3-get tank/ch')" = tank/chain@day1 ]
}

@test "fish: the same" {
  needs fish
  put_chain 1 >/dev/null
  [ "$(fish_says 'zfs2s3 uplo')" = upload ]
  [ "$(fish_says 'zfs2s3-put --stor')" = --storage-class ]
  [ "$(fish_says 'zfs2s3 plan --prefer ' | xargs)" = "bytes links" ]
  [ "$(fish_says 'zfs2s3-get tank/ch')" = tank/chain@day1 ]
}

@test "every shell's script is printed as it is shipped, and knows every option of every command" {
  local name option
  cmp <(zfs2s3 completion bash) "$top/completions/zfs2s3.bash"
  cmp <(zfs2s3 completion zsh) "$top/completions/_zfs2s3"
  cmp <(zfs2s3 completion fish) "$top/completions/zfs2s3.fish"
  for name in put restore thaw; do
    for option in $(zfs2s3 "$name" --help | grep -oE '^  (-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
      bash_says "zfs2s3 $name $option" | grep -qx -- "$option"
      grep -qE "seen_subcommand_from $name' -l ${option#--}( |$)" "$top/completions/zfs2s3.fish"
    done
  done
}

@test "nothing stored completes nothing, and another shell is status 2" {
  [ "$(zfs2s3 completion stored)" = "" ]
  run -2 --separate-stderr zfs2s3 completion tcsh
  says "zfs2s3 completion: there is no completion for 'tcsh': give bash, zsh or fish"
}
