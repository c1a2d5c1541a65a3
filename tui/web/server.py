"""textual-serve's server, with a gate before every route, bounds, a page of our own, and processes that end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shlex
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from tui.web.child import environment
from tui.web.gate import Gate
from tui.web.packets import MOST_BYTES, cells, drawn, read_message

#: So many screens run at once: each is a process.
MOST_SCREENS = 8
#: How long a process may take to end when it is told to, in seconds.
_LONGEST_END = 4.0
_PAGE = Path(__file__).parent / "page"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), clipboard-read=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CannotListen(Exception):
    """The server cannot listen; the sentence says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at this address; port 0 takes any free one. Raises CannotListen."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(place[:2], family=family)
    except (OSError, UnicodeError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise CannotListen(f"Cannot listen at {host} port {port}: {why}. Take another --port or --host.") from None


class Screen(AppService):
    """One process of the screen, and the page that shows it."""

    def __init__(self, server: BrowserServer, websocket: web.WebSocketResponse, argv: Sequence[str], mark: str) -> None:
        super().__init__(
            shlex.join(argv),
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=self._close,
            download_manager=server.download_manager,
        )
        self._argv, self._mark = tuple(argv), mark
        self._websocket = websocket

    async def _close(self) -> None:
        await self._websocket.close()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return environment(super()._build_environment(width, height), self._mark)

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Without a shell, and in a session of its own: Ctrl-C in the server's terminal is the server's."""
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def run(self) -> None:
        """Until the process ends; then the page is told."""
        await super().run()
        await self.remote_close()

    async def on_meta(self, data: bytes) -> None:
        """Of what the process tells its server, nothing that opens another page."""
        if json.loads(data).get("type") in ("exit", "deliver_file_start"):
            await super().on_meta(data)

    async def on_data(self, payload: bytes) -> None:
        """Something is drawn."""
        if passed := drawn(payload):
            await super().on_data(passed)

    async def stop(self) -> None:
        """Have the process end, and end it if it does not."""
        process = self._process
        try:
            await asyncio.wait_for(super().stop(), _LONGEST_END)
        except (TimeoutError, asyncio.CancelledError):
            self._task = None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()


class BrowserServer(Server):
    """Serves `argv`, a process for each page, at most `most` at once, to whom the gate lets in. `mark` is the variable
    by which the process knows that it is drawn in a browser."""

    def __init__(self, argv: Sequence[str], gate: Gate, *, mark: str, most: int = MOST_SCREENS) -> None:
        super().__init__(shlex.join(argv), gate.address.host, gate.address.port, "fanfold", gate.address.shown)
        self.gate = gate
        self._argv, self._mark, self._most = tuple(argv), mark, most
        self._open: set[web.WebSocketResponse] = set()
        self._running = 0

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._ask_the_gate], client_max_size=1024)
        app.add_routes(
            [
                web.get("/", self.handle_index),
                web.get("/ws", self.handle_websocket),
                web.get("/download/{key}", self.handle_download),
                web.static("/static", self.statics_path),
                web.static("/page", _PAGE),
            ]
        )
        app.on_response_prepare.append(self._guard)
        app.on_shutdown.append(self.on_shutdown)
        return app

    @web.middleware
    async def _ask_the_gate(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        answer = self.gate.judge(request.path, request.query, request.headers)
        if answer.status == 200:
            return await handler(request)
        if answer.status != 303:
            return web.Response(status=answer.status, text=f"fanfold: {answer.words}\n")
        # A redirect, so that the token stays in neither the address bar nor the history.
        response = web.Response(status=303, headers={"Location": "/"})
        if answer.cookie:
            name, secure = self.gate.cookie_name, self.gate.secure
            response.set_cookie(name, answer.cookie, path="/", httponly=True, samesite="Strict", secure=secure)
        return response

    async def _guard(self, request: web.Request, response: web.StreamResponse) -> None:
        """What every answer says to the browser."""
        response.headers.update(_HEADERS)
        own = self.gate.address.origin_of(request.headers.get("Host", ""))
        sockets = f" {own.replace('http', 'ws', 1)}" if own else ""  # older browsers do not count them to 'self'
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self'; "
            f"connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page: a file, for it finds everything else by its own address."""
        return web.FileResponse(_PAGE / "index.html")

    async def handle_download(self, request: web.Request) -> web.StreamResponse:
        """A file that a screen hands over; always to be kept, never to be shown as a page of ours."""
        key = request.match_info["key"]
        try:
            about = await self.download_manager.get_download_metadata(key)
        except KeyError:
            raise web.HTTPNotFound(text="fanfold: This file was downloaded before.\n") from None
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", about.file_name).lstrip(".") or "fanfold"
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f'attachment; filename="{name}"',
            }
        )
        await response.prepare(request)
        async for chunk in self.download_manager.download(key):
            await response.write(chunk)
        await response.write_eof()
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A page connects: start a screen for it."""
        if self._running >= self._most:
            raise web.HTTPServiceUnavailable(text=f"fanfold: {self._most} screens are open, the maximum.\n")
        self._running += 1
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=MOST_BYTES)
        self._open.add(websocket)
        screen = Screen(self, websocket, self._argv, self._mark)
        try:
            await websocket.prepare(request)
            await screen.start(_asked(request.query, "width", 80), _asked(request.query, "height", 24))
            await self._process_messages(websocket, screen)
        finally:
            self._open.discard(websocket)
            try:
                await screen.stop()
            finally:
                self._running -= 1
        return websocket

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        async for message in websocket:
            read = read_message(message.data) if message.type is WSMsgType.TEXT else None
            if read is None:
                continue
            match read.kind:
                case "stdin":
                    await app_service.send_bytes(read.data.encode("utf-8", "replace"))
                case "resize":
                    await app_service.set_terminal_size(read.width, read.height)
                case "ping":
                    await websocket.send_json(["pong", read.data])
                case "focus":
                    await app_service.focus()
                case "blur":
                    await app_service.blur()

    async def on_shutdown(self, app: web.Application) -> None:
        """Tell every page; its screen ends with it."""
        for websocket in list(self._open):
            await websocket.close(code=1001)

    async def serve_on(self, listening: socket.socket, ready: Callable[[], None]) -> None:
        """Serve until a signal comes. `ready` is called when pages are answered."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, ended.set)
        # No access log: the token is in the first line of the request that trades it.
        runner = web.AppRunner(await self._make_app(), access_log=None, shutdown_timeout=_LONGEST_END + 1)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            ready()
            await ended.wait()
        finally:
            await runner.cleanup()


def _asked(query: Mapping[str, str], name: str, otherwise: int) -> int:
    written = query.get(name, "")
    return cells(int(written)) if written.isascii() and written.isdecimal() and len(written) < 6 else otherwise
