#include "courier/courier.h"

#include "base/guard.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

enum { LONG_ANSWER = 40000, TIMEOUT_MS = 20000, MOST = 16 * 1024, REQUEST_SIZE = 4096 };

/* ---- a server in a child: what it answers is told by the path ---- */

static pid_t server;
static int port, go[2]; /* a byte in `go` lets one answer of /waits come */

static void say(int peer, const char *bytes, size_t length)
{
    for (ssize_t sent; length > 0; bytes += sent, length -= (size_t)sent)
        if ((sent = write(peer, bytes, length)) <= 0)
            return;
}

static void say_text(int peer, const char *text)
{
    say(peer, text, strlen(text));
}

/* The header and, where its length is given, the body. */
static size_t read_request(int peer, char *request)
{
    size_t length = 0, wanted = REQUEST_SIZE - 1;
    while (length < wanted) {
        ssize_t got = read(peer, request + length, wanted - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        request[length] = '\0';
        const char *end = strstr(request, "\r\n\r\n"), *stated = strstr(request, "Content-Length: ");
        if (end)
            wanted = (size_t)(end - request) + 4 + (stated ? strtoul(stated + 16, NULL, 10) : 0);
    }
    return length;
}

static void serve_long(int peer)
{
    char header[100], bytes[1000];
    memset(bytes, 'x', sizeof bytes);
    snprintf(header, sizeof header, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LONG_ANSWER);
    say_text(peer, header);
    for (int i = 0; i < LONG_ANSWER; i += (int)sizeof bytes)
        say(peer, bytes, sizeof bytes);
}

static void serve_echo(int peer, const char *request, size_t length)
{
    char header[200];
    snprintf(header, sizeof header,
             "HTTP/1.1 200 OK\r\nX-Mood: calm\r\nRetry-After: 7\r\nContent-Length: %zu\r\n\r\n", length);
    say_text(peer, header);
    say(peer, request, length);
}

/* A mail server would speak first; as one it hangs. */
static void serve(int peer)
{
    char request[REQUEST_SIZE] = "", byte;
    size_t length = read_request(peer, request);
    if (strstr(request, " /echo"))
        serve_echo(peer, request, length);
    else if (strstr(request, " /long"))
        serve_long(peer);
    else if (strstr(request, " /moved"))
        say_text(peer, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n");
    else if (strstr(request, " /cut"))
        say_text(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    else if (strstr(request, " /waits") && read(go[0], &byte, 1) == 1)
        say_text(peer, "HTTP/1.1 204 No Content\r\n\r\n");
    else
        pause(); /* it never answers */
    close(peer);
}

static void run_server(int listener)
{
    setpgid(0, 0);
    signal(SIGCHLD, SIG_IGN);
    for (int peer; (peer = accept(listener, NULL, NULL)) >= 0; close(peer)) {
        if (fork() == 0) {
            serve(peer);
            _exit(0);
        }
    }
    _exit(1);
}

static int start_server(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    if (listener < 0 || pipe(go) != 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 16) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    port = ntohs(address.sin_port);
    if ((server = fork()) == 0)
        run_server(listener);
    setpgid(server, server); /* whoever of both comes first */
    close(listener);
    return server > 0 ? 0 : -1;
}

static int stop_server(void **state)
{
    (void)state;
    return kill(-server, SIGKILL) == 0 && waitpid(server, NULL, 0) == server ? 0 : -1;
}

/* ---- a courier and who sends by it ---- */

struct scene {
    struct pool *pool;
    struct courier *courier;
    struct sender sender;
    int done, late;
    char mood[20], retry_after[20]; /* of the last one */
};

static void keep(char *text, size_t size, const char *header)
{
    snprintf(text, size, "%s", header ? header : "(none)");
}

static void note_done(void *owner, struct errand *errand)
{
    struct scene *scene = owner;
    scene->done++;
    keep(scene->mood, sizeof scene->mood, errand_header(errand, "x-mood"));
    keep(scene->retry_after, sizeof scene->retry_after, errand_header(errand, "Retry-After"));
}

static void note_late(void *owner, struct errand *errand)
{
    struct scene *scene = owner;
    assert_true(errand->slow);
    scene->late++;
}

static int open_scene(void **state)
{
    struct pool *pool = pool_new();
    struct scene *scene = pool_alloc(pool, sizeof *scene);
    scene->pool = pool;
    scene->courier = courier_new(4);
    scene->sender = (struct sender){ .done = note_done, .late = note_late, .owner = scene };
    *state = scene;
    return guard_configure("127.0.0.1/32") ? 0 : -1;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    courier_abort(scene->courier, "The test is over.");
    courier_free(scene->courier);
    pool_free(scene->pool);
    return guard_configure("") ? 0 : -1;
}

static struct errand *errand_to(struct scene *scene, const char *path)
{
    struct errand *errand = pool_alloc(scene->pool, sizeof *errand);
    errand->sender = &scene->sender;
    errand->pool = scene->pool;
    errand->order = (struct order){
        .method = METHOD_GET,
        .url = pool_printf(scene->pool, "http://127.0.0.1:%d%s", port, path),
        .timeout_ms = TIMEOUT_MS,
        .most = MOST,
    };
    return errand;
}

static void turn(struct scene *scene)
{
    courier_wait(scene->courier, -1, 100);
    courier_perform(scene->courier);
}

static void carry(struct scene *scene, struct errand *errand)
{
    int before = scene->done;
    assert_true(courier_send(scene->courier, errand));
    while (scene->done == before)
        turn(scene);
    assert_int_equal(scene->sender.flying, 0);
    assert_int_equal(scene->sender.slow, 0);
}

/* ---- what is asked, and what came of it ---- */

static void test_a_get_with_headers(void **state)
{
    struct scene *scene = *state;
    struct errand *errand = errand_to(scene, "/echo?a=b");
    const struct result *result = &errand->result;
    errand->order.headers = pool_strdup(scene->pool, "X-One: 1\r\nX-Two: 2\r\n");
    carry(scene, errand);
    assert_int_equal(result->kind, ANSWER_HTTP);
    assert_int_equal(result->trouble, TROUBLE_NONE);
    assert_int_equal(result->status, 200);
    assert_null(result->error);
    assert_string_equal(result->address, "127.0.0.1");
    assert_false(result->is_public);
    assert_true(result->timings.connect >= 0 && result->timings.first_byte >= 0);
    assert_true(result->timings.total >= 0 && result->timings.tls == -1);
    assert_string_equal(scene->mood, "calm");
    assert_string_equal(scene->retry_after, "7");
    assert_memory_equal(result->answer.data, "GET /echo?a=b HTTP/1.1\r\n", 24);
    assert_non_null(strstr(result->answer.data, "\r\nX-One: 1\r\nX-Two: 2\r\n"));
    assert_non_null(strstr(result->answer.data, "\r\nUser-Agent: Slotwire/"));
    assert_null(strstr(result->answer.data, "Content-Length"));
}

static void test_a_post_and_a_get_by_the_same_handle(void **state)
{
    struct scene *scene = *state;
    for (int round = 0; round < 2; round++) {
        struct errand *post = errand_to(scene, "/echo"), *get = errand_to(scene, "/echo"),
                      *empty = errand_to(scene, "/echo");
        post->order.method = empty->order.method = METHOD_POST;
        post->order.body = "{\"n\":1}";
        post->order.length = 7;
        post->order.headers = pool_strdup(scene->pool, "Content-Type: application/json\r\n");
        carry(scene, post);
        assert_memory_equal(post->result.answer.data, "POST /echo HTTP/1.1\r\n", 21);
        assert_non_null(strstr(post->result.answer.data, "\r\nContent-Type: application/json\r\n"));
        assert_non_null(strstr(post->result.answer.data, "\r\n\r\n{\"n\":1}"));
        assert_null(strstr(post->result.answer.data, "Expect:"));
        carry(scene, get);
        assert_memory_equal(get->result.answer.data, "GET /echo HTTP/1.1\r\n", 20);
        assert_null(strstr(get->result.answer.data, "json"));
        carry(scene, empty);
        assert_memory_equal(empty->result.answer.data, "POST /echo HTTP/1.1\r\n", 21);
        assert_non_null(strstr(empty->result.answer.data, "\r\nContent-Length: 0\r\n"));
    }
}

static void test_a_long_answer_is_cut(void **state)
{
    struct scene *scene = *state;
    struct errand *errand = errand_to(scene, "/long");
    carry(scene, errand);
    assert_int_equal(errand->result.kind, ANSWER_HTTP);
    assert_true(errand->result.capped);
    assert_int_equal(errand->result.answer.length, MOST);
    assert_null(errand->result.error);
}

static void test_a_long_answer_is_none_where_all_of_it_is_wanted(void **state)
{
    struct scene *scene = *state;
    struct errand *small = errand_to(scene, "/long"), *enough = errand_to(scene, "/long"),
                  *cut = errand_to(scene, "/cut");
    small->order.whole = enough->order.whole = cut->order.whole = true;
    enough->order.most = LONG_ANSWER;
    carry(scene, small);
    assert_int_equal(small->result.kind, ANSWER_NONE);
    assert_int_equal(small->result.trouble, TROUBLE_OTHER);
    assert_string_equal(small->result.error, "The answer is longer than 16384 bytes.");
    carry(scene, enough);
    assert_int_equal(enough->result.kind, ANSWER_HTTP);
    assert_false(enough->result.capped);
    assert_int_equal(enough->result.answer.length, LONG_ANSWER);
    carry(scene, cut);
    assert_int_equal(cut->result.kind, ANSWER_NONE);
    assert_non_null(cut->result.error);
    cut->order.whole = false;
    carry(scene, cut);
    assert_int_equal(cut->result.kind, ANSWER_HTTP);
    assert_string_equal(cut->result.answer.data, "half");
}

static void test_redirects_are_not_followed(void **state)
{
    struct scene *scene = *state;
    struct errand *errand = errand_to(scene, "/moved");
    carry(scene, errand);
    assert_int_equal(errand->result.kind, ANSWER_HTTP);
    assert_int_equal(errand->result.status, 302);
    assert_string_equal(errand->result.error, "Redirects are not followed.");
}

/* ---- the guard ---- */

static void refuse(struct scene *scene, struct errand *errand, const char *why)
{
    carry(scene, errand);
    assert_int_equal(errand->result.kind, ANSWER_NONE);
    assert_int_equal(errand->result.trouble, TROUBLE_CONNECTION);
    assert_int_equal(errand->result.status, 0);
    assert_string_equal(errand->result.error, why);
    assert_string_equal(errand->result.address, "");
}

static void test_the_guard(void **state)
{
    struct scene *scene = *state;
    struct errand *secret = errand_to(scene, "/echo");
    secret->order.https_only = true;
    refuse(scene, secret, "Plain http is not allowed there; use https.");
    assert_true(guard_configure(""));
    refuse(scene, errand_to(scene, "/echo"), "The address is not on the public internet.");
}

static void test_only_http(void **state)
{
    struct scene *scene = *state;
    struct errand *errand = errand_to(scene, "/echo");
    errand->order.url = "file:///etc/passwd";
    carry(scene, errand);
    assert_int_equal(errand->result.kind, ANSWER_NONE);
    assert_int_equal(errand->result.answer.length, 0);
}

/* ---- time ---- */

static void test_a_time_out(void **state)
{
    struct scene *scene = *state;
    struct errand *errand = errand_to(scene, "/never");
    errand->order.timeout_ms = 50;
    carry(scene, errand);
    assert_int_equal(errand->result.kind, ANSWER_NONE);
    assert_int_equal(errand->result.trouble, TROUBLE_TIME);
    assert_non_null(errand->result.error);
    assert_string_equal(scene->mood, "(none)");
}

static void test_the_slow_are_told_once_and_counted(void **state)
{
    struct scene *scene = *state;
    struct errand *errand = errand_to(scene, "/waits");
    assert_true(courier_send(scene->courier, errand));
    while (scene->sender.slow == 0)
        turn(scene);
    for (int i = 0; i < 3; i++)
        courier_perform(scene->courier);
    assert_int_equal(scene->late, 1);
    assert_int_equal(scene->sender.flying, 1);
    assert_int_equal(scene->sender.slow, 1);
    assert_int_equal(write(go[1], "", 1), 1);
    while (scene->done == 0)
        turn(scene);
    assert_int_equal(errand->result.status, 204);
    assert_true(errand->slow);
    assert_int_equal(scene->sender.flying, 0);
    assert_int_equal(scene->sender.slow, 0);
}

/* ---- mails, and breaking off ---- */

static struct errand *mail_to(struct scene *scene)
{
    struct errand *errand = errand_to(scene, "");
    struct smtp *smtp = pool_alloc(scene->pool, sizeof *smtp);
    *smtp = (struct smtp){ .sender = "a@example.org", .recipient = "b@example.com", .tls = SMTP_TLS_NEVER };
    errand->order.url = pool_printf(scene->pool, "smtp://127.0.0.1:%d", port);
    errand->order.body = "Subject: x\r\n\r\nx\r\n";
    errand->order.length = strlen(errand->order.body);
    errand->order.smtp = smtp;
    return errand;
}

static void test_a_mail_server_that_hangs_holds_nothing_else(void **state)
{
    struct scene *scene = *state;
    struct errand *mail = mail_to(scene), *get = errand_to(scene, "/echo");
    mail->order.timeout_ms = 300;
    assert_true(courier_send(scene->courier, mail));
    assert_true(courier_send(scene->courier, get));
    while (scene->done < 2)
        turn(scene);
    assert_int_equal(get->result.kind, ANSWER_HTTP);
    assert_int_equal(mail->result.kind, ANSWER_NONE);
    assert_int_equal(mail->result.trouble, TROUBLE_TIME);
    assert_int_equal(scene->sender.flying, 0);
}

static void test_what_is_broken_off_is_a_fault_of_ours(void **state)
{
    struct scene *scene = *state;
    struct errand *errands[] = { errand_to(scene, "/never"), mail_to(scene), errand_to(scene, "/never") };
    struct errand *later = errand_to(scene, "/echo"), *late_mail = mail_to(scene);
    for (int i = 0; i < 3; i++)
        assert_true(courier_send(scene->courier, errands[i]));
    turn(scene);
    courier_abort(scene->courier, "It is enough.");
    assert_int_equal(scene->done, 3);
    assert_int_equal(scene->sender.flying, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(errands[i]->result.kind, ANSWER_OURS);
        assert_int_equal(errands[i]->result.status, 0);
        assert_string_equal(errands[i]->result.error, "It is enough.");
    }
    assert_false(courier_send(scene->courier, later));
    assert_false(courier_send(scene->courier, late_mail));
    assert_int_equal(later->result.kind, ANSWER_OURS);
    assert_string_equal(later->result.error, "It is enough.");
    courier_abort(scene->courier, "It is enough."); /* again does no harm */
    assert_int_equal(scene->done, 3);
    assert_int_equal(scene->sender.flying, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_get_with_headers, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_post_and_a_get_by_the_same_handle, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_long_answer_is_cut, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_long_answer_is_none_where_all_of_it_is_wanted, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(test_redirects_are_not_followed, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_the_guard, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_only_http, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_time_out, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_the_slow_are_told_once_and_counted, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(test_a_mail_server_that_hangs_holds_nothing_else, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(test_what_is_broken_off_is_a_fault_of_ours, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
