// The S3 server that costs least: takes what is uploaded and throws it away, and serves ranges of one file, so that the
// client is what is measured. One thread a connection, on 127.0.0.1 only. It checks nothing: that is test/s3's affair.
//
//   cc -O2 -pthread -o s3 s3.c              s3 PORT FILE
//   cc -O2 -pthread -DTLS -o s3 s3.c -lssl -lcrypto      s3 PORT FILE CERTIFICATE KEY
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
static SSL_CTX *context;
#endif

enum { headMax = 64 << 10, bodyMax = 1 << 20, keyMax = 512, objectMax = 4096 };

static int file;
static long long fileBytes;

// What is known of each key: bytes of its parts so far, and whether it was completed.
static struct object {
  char key[keyMax];
  long long bytes;
  bool done;
} objects[objectMax];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct object *objectOf(const char *key) {
  struct object *each = objects;
  while (each->key[0] && strcmp(each->key, key)) each++;
  if (each == objects + objectMax - 1) exit(3);
  strcpy(each->key, key);
  return each;
}

struct connection {
  int socket;
#ifdef TLS
  SSL *ssl;
#endif
};

static ssize_t take(struct connection *c, char *to, size_t most) {
#ifdef TLS
  if (c->ssl) return SSL_read(c->ssl, to, most);
#endif
  return recv(c->socket, to, most, 0);
}

static bool give(struct connection *c, const char *from, size_t length) {
  while (length > 0) {
    ssize_t sent;
#ifdef TLS
    if (c->ssl) sent = SSL_write(c->ssl, from, length);
    else
#endif
      sent = send(c->socket, from, length, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    from += sent;
    length -= sent;
  }
  return true;
}

static bool giveFile(struct connection *c, off_t from, long long length) {
#ifdef TLS
  static __thread char block[bodyMax];
  while (c->ssl && length > 0) {
    ssize_t got = pread(file, block, length < bodyMax ? length : bodyMax, from);
    if (got <= 0 || !give(c, block, got)) return false;
    from += got;
    length -= got;
  }
#endif
  while (length > 0) {
    ssize_t sent = sendfile(c->socket, file, &from, length);
    if (sent <= 0) return false;
    length -= sent;
  }
  return true;
}

// The value of a header, ending with CR; or NULL.
static const char *header(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, name, length) || line[2 + length] != ':') continue;
    line += 3 + length;
    return line + strspn(line, " ");
  }
  return NULL;
}

// Reads a chunked body up to its last chunk, which is empty. Trailers are not expected.
static bool skipChunked(struct connection *c, const char *have, size_t length) {
  static const char end[] = "0\r\n\r\n";
  char last[5] = "";
  static __thread char block[bodyMax];
  for (;;) {
    size_t keep = length < 5 ? length : 5;
    memmove(last, last + keep, 5 - keep);
    memcpy(last + 5 - keep, have + length - keep, keep);
    if (!memcmp(last, end, 5)) return true;
    ssize_t got = take(c, block, bodyMax);
    if (got <= 0) return false;
    have = block;
    length = got;
  }
}

static bool answer(struct connection *c, const char *line, const char *head) {
  char key[keyMax] = "", out[2048], more[512] = "", etag[] = "ETag: \"d41d8cd98f00b204e9800998ecf8427e-2\"\r\n";
  sscanf(line, "%*s %511[^? ]", key);
  bool post = !strncmp(line, "POST", 4), get = !strncmp(line, "GET", 3), isHead = !strncmp(line, "HEAD", 4);
  const char *status = "200 OK", *xml = "";
  const char *length = header(head, "content-length"), *range = header(head, "range");
  pthread_mutex_lock(&lock);
  struct object *object = objectOf(key);
  if (strstr(line, "partNumber=") && length) object->bytes += atoll(length);
  bool done = object->done;
  long long bytes = object->bytes, from = 0, to = fileBytes - 1;
  if (post && strstr(line, "uploads")) {
    object->bytes = 0;
    object->done = false;
    xml = "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId></InitiateMultipartUploadResult>";
  } else if (post && strstr(line, "uploadId=")) {
    object->done = true;
    xml = "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><ETag>\"d41d8cd98f00b204e9800998ecf8427e-2\"</ETag></CompleteMultipartUploadResult>";
  }
  pthread_mutex_unlock(&lock);
  if (strstr(line, "location")) {
    xml = "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></LocationConstraint>";
  } else if ((get || isHead) && !done) {
    status = "404 Not Found";
    if (get) xml = "<Error><Code>NoSuchKey</Code></Error>";
  } else if (isHead || get) {
    if (range && sscanf(range, "bytes=%lld-%lld", &from, &to) >= 1) {
      status = "206 Partial Content";
      if (to >= fileBytes) to = fileBytes - 1;
      snprintf(more, sizeof more, "Content-Range: bytes %lld-%lld/%lld\r\n", from, to, fileBytes);
    }
    // What was uploaded counts for HEAD; what the file has is served.
    long long count = isHead && !range ? bytes : to - from + 1;
    int n = snprintf(out, sizeof out,
                     "HTTP/1.1 %s\r\n%sLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n"
                     "%sContent-Length: %lld\r\n\r\n", status, etag, more, count);
    return give(c, out, n) && (isHead || giveFile(c, from, count));
  }
  // Clients compare the checksum of a part with what they have sent.
  for (int i = 0; i < 3; i++) {
    static const char *const names[] = {"x-amz-checksum-crc32", "x-amz-checksum-crc64nvme", "x-amz-checksum-sha256"};
    const char *sum = header(head, names[i]);
    if (sum) snprintf(more + strlen(more), 160, "%s: %.*s\r\n", names[i], (int)strcspn(sum, "\r"), sum);
  }
  int n = snprintf(out, sizeof out, "HTTP/1.1 %s\r\n%s%sContent-Type: application/xml\r\nContent-Length: %zu\r\n\r\n%s",
                   status, etag, more, strlen(xml), xml);
  return give(c, out, n);
}

// One request; false at the end of the connection. `have` bytes of it are in `head` already, and of the next one afterwards.
static bool serve(struct connection *c, char *head, size_t *have) {
  char *end;
  while (head[*have] = 0, !(end = strstr(head, "\r\n\r\n"))) {
    if (*have >= headMax) return false;
    ssize_t got = take(c, head + *have, headMax - *have);
    if (got <= 0) return false;
    *have += got;
  }
  // Headers end as lines do, so that the last one can be found.
  end[2] = 0;
  char *body = end + 4;
  size_t there = *have - (body - head);
  const char *length = header(head, "content-length");
  if (there == 0 && header(head, "expect") && !give(c, "HTTP/1.1 100 Continue\r\n\r\n", 25)) return false;
  size_t next = 0;
  if (!length && header(head, "transfer-encoding")) {
    if (!skipChunked(c, body, there)) return false;
  } else {
    long long left = (length ? atoll(length) : 0) - (long long)there;
    if (left < 0) next = -left;
    static __thread char block[bodyMax];
    while (left > 0) {
      ssize_t got = take(c, block, left < bodyMax ? left : bodyMax);
      if (got <= 0) return false;
      left -= got;
    }
  }
  char line[4096];
  snprintf(line, sizeof line, "%.*s", (int)strcspn(head, "\r"), head);
  if (!answer(c, line, head)) return false;
  memmove(head, head + *have - next, next);
  *have = next;
  return true;
}

static void *connected(void *socket) {
  struct connection c = {.socket = (int)(long)socket};
  static __thread char head[headMax + 1];
  size_t have = 0;
  bool open = true;
#ifdef TLS
  if (context) {
    c.ssl = SSL_new(context);
    SSL_set_fd(c.ssl, c.socket);
    open = SSL_accept(c.ssl) > 0;
  }
#endif
  while (open && serve(&c, head, &have));
#ifdef TLS
  SSL_free(c.ssl);
#endif
  close(c.socket);
  return NULL;
}

int main(int count, char **argument) {
  if (count < 3) return fprintf(stderr, "usage: s3 PORT FILE [CERTIFICATE KEY]\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  struct stat facts;
  file = open(argument[2], O_RDONLY);
  if (file < 0 || fstat(file, &facts)) return perror(argument[2]), 1;
  fileBytes = facts.st_size;
#ifdef TLS
  if (count > 4) {
    context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, argument[3]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argument[4], SSL_FILETYPE_PEM) != 1)
      return fprintf(stderr, "the certificate can't be used\n"), 1;
  }
#endif
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1, buffer = 4 << 20;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argument[1]))};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 128)) return perror(argument[1]), 1;
  for (;;) {
    int socket = accept(listener, NULL, NULL);
    if (socket < 0) continue;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    pthread_t thread;
    pthread_create(&thread, NULL, connected, (void *)(long)socket);
    pthread_detach(thread);
  }
}
