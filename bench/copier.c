// What this machine allows: copies stdin into one PUT of BYTES to 127.0.0.1, with no checks and nothing of S3.
// copier PORT BYTES < FILE
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **argument) {
  static char block[1 << 20];
  if (count < 3) return fprintf(stderr, "usage: copier PORT BYTES\n"), 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argument[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(server, (struct sockaddr *)&to, sizeof to)) return perror("connect"), 1;
  int length = snprintf(block, sizeof block, "PUT /b/copied HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n", argument[2]);
  if (write(server, block, length) != length) return perror("write"), 1;
  for (ssize_t got; (got = read(0, block, sizeof block)) > 0;) {
    for (ssize_t done = 0, sent; done < got; done += sent)
      if ((sent = write(server, block + done, got - done)) <= 0) return perror("write"), 1;
  }
  return read(server, block, sizeof block) > 0 ? 0 : 1;
}
