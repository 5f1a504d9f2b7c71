%% The scenarios of message-bench for Erlang/OTP. Each run ends the node; a wrong count is an error.
-module(message_bench).
-export([main/1]).

main([Scenario, Text]) ->
    Count = list_to_integer(Text),
    Main = self(),
    %% In a process of its own: the one that runs -eval has a larger heap.
    spawn_link(fun() -> Main ! {result, run(list_to_atom(Scenario), Count)} end),
    receive
        {result, Nanoseconds} ->
            io:format("erlang ~s count=~b nanoseconds=~b~n", [Scenario, Count, Nanoseconds])
    end,
    init:stop().

run('ping-pong', Count) -> ping(Count, 1, 1, 1);
run('ping-pong-64', Count) -> ping(Count, 64, 1, 1);
run('two-loops', Count) -> ping(Count, 1, 1, 2);
run('two-loops-64', Count) -> ping(Count, 64, 1, 2);
run(ring, Count) -> ring(100, Count);
run('one-way', Count) -> one_way(1, Count);
run('four-producers', Count) -> one_way(4, Count);
run('four-producers-two-loops', Count) -> one_way(4, Count).

now_ns() -> erlang:monotonic_time(nanosecond).

%% A process that stays with one scheduler, as an actor stays with its loop.
start(Scheduler, Body) -> spawn_opt(Body, [link, {scheduler, Scheduler}]).

%% Questions and answers: the answer to N is N + 1.
ping(Count, UnderWay, SchedulerA, SchedulerB) ->
    Main = self(),
    Answerer = start(SchedulerB, fun answer/0),
    start(SchedulerA, fun() ->
        Began = now_ns(),
        [Answerer ! {self(), N} || N <- lists:seq(0, UnderWay - 1)],
        Sum = ask(Answerer, Count, UnderWay, 0, 0),
        Main ! {done, now_ns() - Began, Sum}
    end),
    receive {done, Time, Sum} -> Sum = Count * (Count + 1) div 2, Time end.

answer() -> receive {From, N} -> From ! {self(), N + 1}, answer() end.

ask(_, Count, _, Count, Sum) -> Sum;
ask(Answerer, Count, Asked, Heard, Sum) ->
    receive
        {Answerer, Value} when Asked < Count ->
            Answerer ! {self(), Asked},
            ask(Answerer, Count, Asked + 1, Heard + 1, Sum + Value);
        {Answerer, Value} ->
            ask(Answerer, Count, Asked, Heard + 1, Sum + Value)
    end.

%% A token that is handed on.
ring(Size, Hops) ->
    First = spawn_link(fun() -> receive {next, Next} -> place(Next) end end),
    Last = lists:foldl(fun(_, Next) -> spawn_link(fun() -> place(Next) end) end, First, lists:seq(2, Size)),
    First ! {next, Last},
    Began = now_ns(),
    First ! {token, Hops, self()},
    receive {done, Ended, 0} -> Ended - Began end.

place(Next) ->
    receive
        {token, 0, Main} -> Main ! {done, now_ns(), 0};
        {token, Left, Main} -> Next ! {token, Left - 1, Main}
    end,
    place(Next).

%% Messages that are counted and added.
one_way(Producers, Count) ->
    Main = self(),
    Sink = spawn_link(fun() -> sink(Main, Count, 0) end),
    Share = Count div Producers,
    Began = now_ns(),
    [spawn_link(fun() -> produce(Sink, 0, Share) end) || _ <- lists:seq(1, Producers)],
    receive {done, Ended, Sum} -> Sum = Count div 2, Ended - Began end.

sink(Main, 0, Sum) -> Main ! {done, now_ns(), Sum};
sink(Main, Left, Sum) -> receive {add, N} -> sink(Main, Left - 1, Sum + N) end.

produce(_, Share, Share) -> ok;
produce(Sink, Sent, Share) -> Sink ! {add, Sent band 1}, produce(Sink, Sent + 1, Share).
