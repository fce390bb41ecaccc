/*
 * What checks cost at least: the system calls of 10,000 a second and nothing else, 500 of them each 50 ms, against addresses of
 * 127.0.0.0/8. `http`: a request is written to a kept connection, and its reply read in the next round. `tcp`: a connection is
 * made, seen to be there, and reset. Arguments: kind, port, servers, seconds. Prints the share of a core and the checks per second.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 500, EVENTS = 1024 };
static const double ROUND = 0.05;
static const char REQUEST[] =
    "GET / HTTP/1.1\r\nHost: 127.1.0.1:12345\r\nUser-Agent: elb-health-check\r\nAccept: */*\r\n\r\n";

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int dial(int index, int port, int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(127u << 24 | (1 + (index >> 16)) << 16 | (index & 0xffff));
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
    perror("connect");
    exit(1);
  }
  return fd;
}

static void pause_until(double end) {
  double left = end - now();
  if (left > 0) usleep(left * 1e6);
}

static void ask(int *fds, int first, int servers) {
  for (int i = 0; i < BURST; i++)
    if (write(fds[(first + i) % servers], REQUEST, sizeof REQUEST - 1) < 0) perror("write");
}

static long take(int *fds, int first, int servers) {
  static char reply[65536];
  long made = 0;
  for (int i = 0; i < BURST; i++) made += read(fds[(first + i) % servers], reply, sizeof reply) > 0;
  return made;
}

static long connect_all(int events, int first, int servers, int port, double end) {
  struct epoll_event event = {.events = EPOLLOUT}, found[EVENTS];
  for (int i = 0; i < BURST; i++) {
    event.data.fd = dial((first + i) % servers, port, SOCK_NONBLOCK);
    epoll_ctl(events, EPOLL_CTL_ADD, event.data.fd, &event);
  }
  long made = 0;
  while (made < BURST && now() < end) {
    int count = epoll_wait(events, found, EVENTS, 10);
    for (int i = 0; i < count; i++, made++) {
      struct linger reset = {1, 0};
      setsockopt(found[i].data.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      close(found[i].data.fd);
    }
  }
  return made;
}

int main(int count, char **words) {
  if (count != 5) return 2;
  int is_http = strcmp(words[1], "http") == 0, port = atoi(words[2]), servers = atoi(words[3]), first = 0;
  double seconds = atof(words[4]);
  int *fds = calloc(servers, sizeof *fds), events = epoll_create1(0);
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0; is_http && i < servers; i++) {
    fds[i] = dial(i, port, 0);
    fcntl(fds[i], F_SETFL, O_NONBLOCK);
    if (i % 500 == 499) usleep(50000);
  }
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  double begin = now(), round = begin;
  long made = 0;
  while (round - begin < seconds) {
    round += ROUND;
    if (is_http) ask(fds, first, servers);
    else made += connect_all(events, first, servers, port, round);
    pause_until(round);
    if (is_http) made += take(fds, first, servers);
    first = (first + BURST) % servers;
  }
  double wall = now() - begin;
  getrusage(RUSAGE_SELF, &after);
  double cpu = after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec +
               (after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
  printf("{\"coreShare\": %f, \"checksPerSecond\": %f}\n", cpu / wall, made / wall);
}
