/*
 * Free memory goes back to the system, by a helper thread or without one,
 * wherever the program takes itself meanwhile. Each way is a process of its
 * own, named by the argument.
 */
#include "family.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#endif

#define MUCH ((size_t)64 << 20)
#define LITTLE ((size_t)24 << 20)

/* A slow machine may take its time. */
#define PATIENCE_MS 30000

static void use_much(void)
{
	char *block = hide(malloc(MUCH / 2)), *blocks[MUCH / 2 / 16384];
	size_t count = sizeof(blocks) / sizeof(blocks[0]);

	memset(block, 1, MUCH / 2);
	for (size_t i = 0; i < count; i++) {
		blocks[i] = hide(malloc(16384));
		memset(blocks[i], 1, 16384);
	}
	if (resident() < MUCH)
		diag("only %zu bytes are resident", resident());
	for (size_t i = 0; i < count; i++)
		free(blocks[i]);
	free(hide(block));
}

/* Wait until the process is small; meanwhile it calls malloc, or not. */
static bool becomes_small(bool calls)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
		if (resident() < LITTLE)
			return true;
		for (int i = 0; calls && i < 20; i++)
			free(hide(malloc(50000)));
		sleep_ms(20);
	}
	diag("%zu bytes are resident", resident());
	return false;
}

static void idle(void)
{
	use_much();
	ok(becomes_small(false), "memory goes back without a further call");
	use_much();
	ok(becomes_small(false), "and a second time");
}

/* A sandbox that lets no thread and no process be made. */
static bool refuse_threads(void)
{
#if defined __linux__ && defined SECCOMP_RET_ERRNO
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	static struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
	return false;
#endif
}

static void sandbox(void)
{
	if (!refuse_threads()) {
		skip("there are no such filters here");
		return;
	}
	errno = 0;
	ok(fork() < 0 && errno == EPERM, "the filter refuses");
	errno = 77;
	use_much();
	ok(becomes_small(true), "memory goes back by later calls");
	is(errno, 77, "which leave errno");
}

/* What the child that goes on finds, told through a pipe. */
static void background(void)
{
	char answer = 0;
	int pipes[2];
	pid_t child;

	if (pipe(pipes) != 0)
		abort();
	child = fork();
	if (child == 0) {
		use_much();
		sleep_ms(20);
		if (daemon(1, 1) != 0)
			_exit(1);
		answer = becomes_small(true) ? 'y' : 'n';
		if (write(pipes[1], &answer, 1) != 1)
			_exit(1);
		_exit(0);
	}
	close(pipes[1]);
	ok(child > 0 && read(pipes[0], &answer, 1) == 1 && answer == 'y',
	   "a daemon becomes small");
	waitpid(child, NULL, 0);
}

/* Children at every moment of the helper's life. */
static void storm(void)
{
	bool good = true;
	int status;

	for (int i = 0; good && i < 40; i++) {
		pid_t child;

		use_much();
		sleep_ms(i % 5);
		child = fork();
		if (child == 0) {
			alarm(60);
			if (i % 16 != 8)
				_exit(0);
			use_much();
			_exit(!becomes_small(true));
		}
		good = child > 0 && waitpid(child, &status, 0) == child &&
		       WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	ok(good, "children are small in the end");
	ok(becomes_small(false), "their parent too");
}

/* An object that used the library is gone, the library's helper is not. */
static void plugin(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*use)(size_t size) = NULL;

	if (object != NULL)
		use = (int (*)(size_t))dlsym(object, "use_heap");
	if (use == NULL) {
		skip("the plugin loads: %s", dlerror());
		return;
	}
	ok(use(MUCH) == 0, "the plugin uses its heap");
	is(dlclose(object), 0, "the plugin goes");
	ok(becomes_small(false), "its memory follows");
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	use = (int (*)(size_t))dlsym(object, "use_heap");
	ok(use(MUCH) == 0, "it comes again");
	is(dlclose(object), 0, "and goes");
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "plugin") == 0 && argc == 3) {
		plugin(argv[2]);
		return done_testing();
	}
	if (!ok(malloc_is_ours(), "malloc is that of libmems"))
		return done_testing();
	if (strcmp(way, "idle") == 0)
		idle();
	else if (strcmp(way, "sandbox") == 0)
		sandbox();
	else if (strcmp(way, "background") == 0)
		background();
	else if (strcmp(way, "storm") == 0)
		storm();
	else
		ok(false, "there is a way %s", way);
	return done_testing();
}
