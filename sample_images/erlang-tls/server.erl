%% Answers every TLS connection with one line.
-module(server).
-export([start/0]).

start() ->
    {ok, _} = application:ensure_all_started(ssl),
    %% The listener ends with the process that opened it.
    spawn(fun listen/0).

listen() ->
    Options = [{certfile, "/srv/cert.pem"}, {keyfile, "/srv/key.pem"}, {reuseaddr, true}],
    {ok, Listener} = ssl:listen(8443, Options),
    io:format("listening on 8443~n"),
    accept(Listener).

accept(Listener) ->
    {ok, Connection} = ssl:transport_accept(Listener),
    Server = spawn(fun() -> receive go -> serve(Connection) end end),
    ssl:controlling_process(Connection, Server),
    Server ! go,
    accept(Listener).

serve(Connection) ->
    case ssl:handshake(Connection, 5000) of
        {ok, Secure} ->
            ssl:send(Secure, <<"hello\n">>),
            ssl:close(Secure);
        {error, _} ->
            ok
    end.
