// Runs a command and says in a line of JSON what it took: measure FILE COMMAND [ARGUMENT...]. FILE is where the line goes.
// Its memory is the most that any one process of it had at a time (getrusage, ru_maxrss); of threads it is the sum.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int count, char **argument) {
  if (count < 3) return fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT...]\n"), 2;
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  pid_t child = fork();
  if (child == 0) {
    execvp(argument[2], argument + 2);
    perror(argument[2]);
    _exit(127);
  }
  int status;
  struct rusage used;
  wait4(child, &status, 0, &used);
  clock_gettime(CLOCK_MONOTONIC, &to);
  FILE *out = fopen(argument[1], "w");
  if (!out) return perror(argument[1]), 1;
  fprintf(out, "{\"status\":%d,\"seconds\":%.3f,\"user\":%.3f,\"system\":%.3f,\"kib\":%ld}\n",
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          (to.tv_sec - from.tv_sec) + (to.tv_nsec - from.tv_nsec) / 1e9, seconds(used.ru_utime), seconds(used.ru_stime),
          used.ru_maxrss);
  return 0;
}
