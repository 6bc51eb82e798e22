/* What becomes of a descriptor's number, for those who close one without close(2). */
#ifndef DMAH_DESCRIPTOR_H
#define DMAH_DESCRIPTOR_H

#pragma GCC visibility push(hidden)

/*
 * Tells the server that a number is about to be closed, and forgets it. Any number: nothing happens unless it is tracked. 0; DMAH_STAYS; or -errno of
 * a close that fails, and gives the number up as close(2) does.
 */
int dmah_closing(int fd);
/* The epoll sets' part of it (epoll.c). */
void dmah_epoll_closing(int fd);

#pragma GCC visibility pop
#endif
