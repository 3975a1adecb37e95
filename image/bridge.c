/*
 * Joins stdin and stdout to the runner's abstract Unix socket. One thread and no memory beyond its two buffers, so that
 * it can be started in a container that is out of pids or memory.
 *
 * Ends when either side does. The end of stdin travels behind the bytes before it: while the runner reads nothing and
 * every pipe on the way is full, nobody can learn of it. Then the bridge stays until the runner reads on, closes or ends.
 *
 * Exit codes: 0 one side ended, 69 no runner listened in time, 71 a system call failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_NAME "airlock-wire"
#define BUFFER_SIZE (256 * 1024)
#define CONNECT_MS 20000 /* the runner may still be starting */
#define CONNECT_EVERY_MS 5
#define FLUSH_MS 2000 /* for what is left when one side has ended */

struct lane {
  int from, to;
  int ended; /* nothing more comes from `from` */
  size_t start, end;
  char bytes[BUFFER_SIZE];
};

static struct lane up, down;

static int fail(const char *what) {
  dprintf(2, "bridge: %s: %s\n", what, strerror(errno));
  return 71;
}

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int empty(const struct lane *l) { return l->start == l->end; }

/* Reads what there is; a broken or ended source only marks the lane. */
static void fill(struct lane *l) {
  ssize_t n = read(l->from, l->bytes, BUFFER_SIZE);
  if (n > 0) {
    l->start = 0;
    l->end = (size_t)n;
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    l->ended = 1;
  }
}

/* Returns -1 when the target is gone. */
static int drain(struct lane *l) {
  ssize_t n = write(l->to, l->bytes + l->start, l->end - l->start);
  if (n >= 0) l->start += (size_t)n;
  else if (errno != EAGAIN && errno != EINTR) return -1;
  return 0;
}

/* Waits for the runner's socket, or gives up when the host does. */
static int connect_runner(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(SOCKET_NAME);
  memcpy(address.sun_path + 1, SOCKET_NAME, strlen(SOCKET_NAME));
  for (long long until = now_ms() + CONNECT_MS; now_ms() < until;) {
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0) return -1;
    if (connect(s, (struct sockaddr *)&address, length) == 0) return s;
    close(s);
    struct pollfd in = {.fd = 0, .events = 0};
    poll(&in, 1, CONNECT_EVERY_MS);
    if (in.revents & (POLLHUP | POLLERR | POLLNVAL)) return -1;
  }
  errno = ETIMEDOUT;
  return -1;
}

/* One round: waits, then moves what can be moved. Returns 1 to go on, 0 at the end. */
static int turn(long long *deadline) {
  struct lane *lanes[2] = {&up, &down};
  struct pollfd p[4];
  for (int i = 0; i < 2; i++) {
    struct lane *l = lanes[i];
    /* Negative descriptors are skipped: a source is watched only while its buffer is empty, so nothing spins. */
    p[i * 2] = (struct pollfd){.fd = !l->ended && empty(l) ? l->from : -1, .events = POLLIN};
    p[i * 2 + 1] = (struct pollfd){.fd = empty(l) ? -1 : l->to, .events = POLLOUT};
  }
  /* With no room for more, stdin is still watched for its end: else a stalled runner would keep us after the host. */
  if (p[0].fd < 0 && *deadline == 0) p[0] = (struct pollfd){.fd = up.from, .events = 0};
  int wait = *deadline == 0 ? -1 : (int)(*deadline - now_ms());
  if (*deadline != 0 && wait <= 0) return 0;
  if (poll(p, 4, wait) < 0) return errno == EINTR;
  for (int i = 0; i < 2; i++) {
    if (p[i * 2].fd >= 0 && p[i * 2].revents && empty(lanes[i])) fill(lanes[i]);
    if (p[i * 2 + 1].fd >= 0 && p[i * 2 + 1].revents && drain(lanes[i]) < 0) return 0;
  }
  int hung_up = (p[0].revents & (POLLHUP | POLLERR)) != 0;
  if (*deadline == 0 && (up.ended || down.ended || hung_up)) *deadline = now_ms() + FLUSH_MS;
  if (up.ended && empty(&up)) return 0;
  if (down.ended && empty(&down)) return 0;
  return 1;
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  int s = connect_runner();
  if (s < 0) {
    dprintf(2, "bridge: no runner listens: %s\n", strerror(errno));
    return 69;
  }
  int fds[3] = {0, 1, s};
  for (int i = 0; i < 3; i++) {
    int flags = fcntl(fds[i], F_GETFL);
    if (flags < 0 || fcntl(fds[i], F_SETFL, flags | O_NONBLOCK) < 0) return fail("fcntl");
  }
  up.from = 0;
  up.to = down.from = s;
  down.to = 1;
  long long deadline = 0;
  while (turn(&deadline)) continue;
  return 0;
}
