"""A hub on this machine: the requests that huggingface_hub 2 makes, with real bytes over HTTP.

Repositories with commits and tags; regular files in the commit, large ones through Git LFS (basic
and multipart) or Xet (`xet_store`); tokens, private and gated repositories; downloads by range
from another host name; and connections that break where a test says so.
"""
from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import re
import socket
import threading
from urllib.parse import parse_qs, unquote, urlsplit

from hub.xet_store import XetStore
import yaml

OWNER, WRITER, READER, STRANGER = 'anna', 'hf_writes', 'hf_reads', 'hf_of_bert'
TOKENS = {WRITER: (OWNER, 'write'), READER: (OWNER, 'read'), STRANGER: ('bert', 'write')}
LARGE = ('.parquet', '.mp4', '.safetensors')
PART = 1 << 20       # of a multipart upload


@dataclass
class Break:
    """A connection that is closed after so many bytes of a body, `times` times."""

    method: str
    path: str
    after: int
    times: int = 1


@dataclass
class Refusal:
    """An answer to requests of a kind, after so many were let through."""

    method: str
    path: str
    status: int
    code: str = ''
    text: str = ''
    after: int = 0


@dataclass(frozen=True)
class Blob:
    """A file of a commit: `oid` is its SHA-256 where it is large, else Git's."""

    oid: str
    size: int
    large: bool


@dataclass
class Repository:
    """Commits of the branch main, oldest first, and what tags name."""

    private: bool
    gated: bool = False
    commits: list[tuple[str, dict[str, Blob]]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files, message=''):
        oid = hashlib.sha1(f'{len(self.commits)} {sorted(files)} {id(self)}'.encode()).hexdigest()
        self.commits.append((oid, dict(files)))
        self.messages.append(message)
        return oid

    def at(self, revision):
        wanted = {'main': self.commits[-1][0]}.get(revision, self.tags.get(revision, revision))
        return next((c for c in self.commits if c[0] == wanted), None)

    @property
    def files(self):
        return self.commits[-1][1]


class Hub:
    """The server; a context manager. `requests` are (method, path, headers, bytes of the body)."""

    def __init__(self, xet=False, pages=1000):
        self.repositories, self.blobs, self.parts = {}, {}, {}
        self.breaks, self.refusals, self.requests = [], [], []
        self.ignored, self.on_tree, self.on_preupload = '', lambda: None, lambda: None
        self.held, self.free, self.news = '', threading.Event(), threading.Condition()
        self.xet = XetStore() if xet else None
        self.pages = pages
        hub = self

        class Bound(Handler):
            pass

        Bound.hub = hub
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Bound)
        self.server.daemon_threads = True
        port = self.server.server_port
        self.url, self.elsewhere = f'http://127.0.0.1:{port}', f'http://localhost:{port}'

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.01},
                         daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, true):
        """Wait until what is asked of the requests so far is true."""
        with self.news:
            assert self.news.wait_for(true, timeout=60), [r[:2] for r in self.requests]

    def asked(self, method, part):
        return [r for r in self.requests if r[0] == method and part in r[1]]

    def put(self, name, files, private=False):
        """Make a repository with files, as somebody else pushed it."""
        repository = self.repositories[name] = Repository(private)
        found = {}
        for path, data in files.items():
            found[path] = blob = described(path, data)
            self.blobs[blob.oid] = data
        repository.commit(found)
        return repository


def described(path, data):
    large = path.endswith(LARGE)
    digest = hashlib.sha256(data) if large else hashlib.sha1(b'blob %d\0' % len(data) + data)
    return Blob(digest.hexdigest(), len(data), large)


class Refused(Exception):
    """An answer that is no success: status, the hub's error code, its words."""


class Broken(Exception):
    """The connection is closed."""


class Handler(BaseHTTPRequestHandler):
    """One request; `hub` is bound by `Hub`."""

    protocol_version = 'HTTP/1.1'
    hub: Hub

    def handle_request(self):
        try:
            url = urlsplit(self.path)
            self.query, path = parse_qs(url.query), unquote(url.path)
            self.body = self.read_body()
            self.note(path, len(self.body))
            self.user, self.role = TOKENS.get(
                self.headers.get('Authorization', '').removeprefix('Bearer '), (None, ''))
            for one in self.hub.refusals:
                if one.method == self.command and one.path in path:
                    one.after -= 1
                    if one.after < 0:
                        raise Refused(one.status, one.code, one.text)
            for methods, pattern, answer in ROUTES:
                if self.command in methods and (found := re.fullmatch(pattern, path)):
                    return answer(self, **found.groupdict())
            raise Refused(404, '', f'no such page: {path}')
        except Refused as refusal:
            status, code, text = refusal.args
            self.answer({'error': text}, status, {'X-Error-Code': code, 'X-Error-Message': text})
        except (Broken, ConnectionError):
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_request

    def log_message(self, *_):
        pass

    def note(self, path, size):
        with self.hub.news:
            self.hub.requests.append((self.command, path, self.headers, size))
            self.hub.news.notify_all()

    def read_body(self):
        size = int(self.headers.get('Content-Length') or 0)
        limit = self.broken_after() if size else None
        data = self.rfile.read(size if limit is None else min(limit, size))
        if self.headers.get('Transfer-Encoding') == 'chunked':
            while count := int(self.rfile.readline(), 16):
                data += self.rfile.read(count)
                self.rfile.readline()
            self.rfile.readline()
        if limit is not None:
            self.note(self.path, len(data))
            raise Broken
        return data

    def broken_after(self):
        for one in self.hub.breaks:
            if one.times and one.method == self.command and one.path in self.path:
                one.times -= 1
                return one.after
        return None

    def answer(self, value=b'', status=200, headers=()):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {'Content-Length': len(data), **dict(headers)}.items():
            self.send_header(name, str(text))
        self.end_headers()
        if self.command == 'HEAD':
            return
        limit = self.broken_after() if self.command == 'GET' else None
        self.wfile.write(data if limit is None else data[:limit])
        if limit is not None:
            self.wfile.flush()
            raise Broken

    def repository(self, kind, name, write=False):
        if self.headers.get('Authorization') and not self.user:
            raise Refused(401, '', 'Invalid credentials in Authorization header')
        found, owner = self.hub.repositories.get((kind, name)), name.split('/')[0]
        if found is None or (found.private and self.user != owner):
            raise Refused(404 if self.user else 401, 'RepoNotFound', 'Repository not found')
        if found.gated and self.command != 'HEAD' and 'resolve' in self.path:
            raise Refused(403, 'GatedRepo', 'Access is restricted')
        if write and (self.role != 'write' or self.user != owner):
            raise Refused(403, '', f'You need write access to {name}')
        return found

    def commit_of(self, kind, name, revision):
        found = self.repository(kind, name).at(revision)
        if found is None:
            raise Refused(404, 'RevisionNotFound', f'Invalid rev id: {revision}')
        return found

    def who(self):
        if not self.user:
            raise Refused(401, '', 'Invalid credentials in Authorization header')
        self.answer({'type': 'user', 'name': self.user, 'auth': {'accessToken': {
            'role': self.role}}})

    def create(self):
        wanted = json.loads(self.body)
        owner = wanted.get('organization') or self.user
        kind, name = wanted.get('type', 'model'), f'{owner}/{wanted["name"]}'
        if not self.user:
            raise Refused(401, '', 'Invalid credentials in Authorization header')
        if self.user != owner or self.role != 'write':
            raise Refused(403, '', f"You don't have the rights to create a {kind} under the "
                                   f'namespace "{owner}"')
        if (kind, name) in self.hub.repositories:
            raise Refused(409, '', 'You already created this repo')
        made = self.hub.repositories[kind, name] = Repository(
            wanted.get('visibility') == 'private' or bool(wanted.get('private')))
        blob = described('.gitattributes', b'*.parquet filter=lfs\n')
        made.commit({'.gitattributes': blob})
        self.hub.blobs[blob.oid] = b'*.parquet filter=lfs\n'
        self.answer({'url': f'{self.hub.url}/{name}', 'name': name})

    def info(self, kind, name, revision='main'):
        oid, files = self.commit_of(kind, name, revision)
        repository = self.repository(kind, name)
        self.answer({'id': name, 'sha': oid, 'private': repository.private, 'tags': [],
                     'gated': 'auto' if repository.gated else False, 'disabled': False,
                     'downloads': 0, 'likes': 0, 'siblings': [{'rfilename': p} for p in files]})

    def tree(self, kind, name, revision):
        self.hub.on_tree()
        files = sorted(self.commit_of(kind, name, revision)[1].items())
        first = int(self.query.get('cursor', ['0'])[0])
        rows = [self.entry(path, blob) for path, blob in files[first:first + self.hub.pages]]
        more = {'Link': f'<{self.hub.url}{urlsplit(self.path).path}?recursive=True&cursor='
                        f'{first + self.hub.pages}>; rel="next"'} if (
                            first + self.hub.pages < len(files)) else {}
        self.answer(rows, headers=more)

    def entry(self, path, blob):
        row = {'type': 'file', 'oid': blob.oid[:40], 'size': blob.size, 'path': path}
        if blob.large:
            row['lfs'] = {'oid': blob.oid, 'size': blob.size, 'pointerSize': 134}
            if self.hub.xet and (file := self.hub.xet.hash_of(blob.oid)):
                row['xetHash'] = file
        return row

    def refs(self, kind, name):
        repository = self.repository(kind, name)
        self.answer({'branches': [{'name': 'main', 'ref': 'refs/heads/main',
                                   'targetCommit': repository.commits[-1][0]}], 'converts': [],
                     'tags': [{'name': tag, 'ref': f'refs/tags/{tag}', 'targetCommit': oid}
                              for tag, oid in repository.tags.items()]})

    def tag(self, kind, name, revision):
        repository = self.repository(kind, name, write=True)
        if self.command == 'DELETE':
            if repository.tags.pop(revision, None) is None:
                raise Refused(404, 'RevisionNotFound', f'no tag {revision}')
            return self.answer()
        wanted = json.loads(self.body)['tag']
        if wanted in repository.tags:
            raise Refused(409, '', f'Tag reference exists already: {wanted}')
        repository.tags[wanted] = self.commit_of(kind, name, revision)[0]
        self.answer({})

    def validate(self):
        text = json.loads(self.body)['content']
        head = yaml.safe_load(text.split('---\n')[1]) if text.startswith('---\n') else {}
        wrong = [] if isinstance(head.get('tags', []), list) else [
            {'message': '"tags" must be an array'}]
        self.answer({'errors': wrong, 'warnings': []}, 400 if wrong else 200)

    def preupload(self, kind, name, revision):
        self.hub.on_preupload()
        files = self.repository(kind, name, write=True).at(revision)[1]
        self.answer({'files': [{
            'path': one['path'], 'shouldIgnore': one['path'] == self.hub.ignored,
            'uploadMode': 'lfs' if one['path'].endswith(LARGE) else 'regular',
            **({'oid': files[one['path']].oid} if one['path'] in files else {})}
            for one in json.loads(self.body)['files']]})

    def batch(self, kind, name):
        self.repository(kind, name, write=True)
        self.answer({'transfer': 'basic', 'objects': [
            {**one, 'actions': self.actions(one)} if one['oid'] not in self.hub.blobs else one
            for one in json.loads(self.body)['objects']]})

    def actions(self, one):
        place = f'{self.hub.elsewhere}/store/{one["oid"]}'
        verify = {'href': f'{self.hub.url}/verify', 'header': {}}
        if one['size'] <= PART:
            return {'upload': {'href': place, 'header': {}}, 'verify': verify}
        count = -(-one['size'] // PART)
        return {'upload': {'href': f'{self.hub.url}/complete/{one["oid"]}', 'header': {
            'chunk_size': str(PART), **{f'{k:05d}': f'{place}/{k}' for k in range(1, count + 1)}}},
            'verify': verify}

    def store(self, oid, part=None):
        if part is None:
            self.keep(oid, self.body)
        self.hub.parts[oid, int(part or 0)] = self.body
        self.answer(headers={'ETag': f'"{hashlib.md5(self.body).hexdigest()}"'})

    def complete(self, oid):
        numbers = [one['partNumber'] for one in json.loads(self.body)['parts']]
        self.keep(oid, b''.join(self.hub.parts[oid, k] for k in numbers))
        self.answer({})

    def keep(self, oid, data):
        if hashlib.sha256(data).hexdigest() != oid:
            raise Refused(400, '', 'the content is not what its SHA-256 says')
        self.hub.blobs[oid] = data

    def verify(self):
        one = json.loads(self.body)
        if len(self.hub.blobs.get(one['oid'], b'')) != one['size']:
            raise Refused(404, '', 'not uploaded')
        self.answer({})

    def make_commit(self, kind, name, revision):
        repository = self.repository(kind, name, write=True)
        head, *changes = (json.loads(line) for line in self.body.splitlines())
        parent, files = repository.at(revision)
        if head['value'].get('parentCommit', parent) != parent:
            raise Refused(412, '', 'A commit has happened since. Please refresh and try again.')
        files = dict(files)
        for change in changes:
            value = change['value']
            if change['key'] == 'deletedFile':
                del files[value['path']]
            elif change['key'] == 'file':
                data = base64.b64decode(value['content'])
                blob = files[value['path']] = described(value['path'], data)
                self.hub.blobs[blob.oid] = data
            else:
                oid = value['oid']
                if oid not in self.hub.blobs and not (self.hub.xet and self.hub.xet.hash_of(oid)):
                    raise Refused(400, '', f'{value["path"]}: its content was not uploaded')
                files[value['path']] = Blob(oid, value['size'], True)
        oid = repository.commit(files, head['value']['summary'])
        self.answer({'commitUrl': f'{self.hub.url}/{name}/commit/{oid}', 'commitOid': oid,
                     'success': True})

    def resolve(self, kind, name, revision, path):
        oid, files = self.commit_of(kind, name, revision)
        if path not in files:
            raise Refused(404, 'EntryNotFound', f'no file {path}')
        blob, headers = files[path], {'X-Repo-Commit': oid}
        if not blob.large:
            return self.answer(self.hub.blobs[blob.oid], headers={
                **headers, 'ETag': f'"{blob.oid}"'})
        if self.hub.xet and (file := self.hub.xet.hash_of(blob.oid)):
            headers |= {'X-Xet-Hash': file, 'X-Xet-Refresh-Route':
                        f'{self.hub.url}/api/{kind}s/{name}/xet-read-token/{oid}'}
        self.answer(b'', 302, {**headers, 'X-Linked-Etag': f'"{blob.oid}"',
                               'X-Linked-Size': blob.size,
                               'Location': f'{self.hub.elsewhere}/content/{blob.oid}'})

    def content(self, oid):
        if self.headers.get('Authorization'):
            raise Refused(400, '', 'a token was sent to another host')
        if oid == self.hub.held:
            self.hub.free.wait(60)
        data, asked = self.hub.blobs[oid], self.headers.get('Range')
        if not asked:
            return self.answer(data)
        first = int(re.match(r'bytes=(\d+)-', asked)[1])
        self.answer(data[first:], 206, {
            'Content-Range': f'bytes {first}-{len(data) - 1}/{len(data)}'})

    def xet_token(self, kind, name, right, revision):
        self.repository(kind, name, write=right == 'write')
        if not self.hub.xet:
            raise Refused(404, '', 'no Xet here')
        token, until = self.hub.xet.token, 1 << 40
        place = f'{self.hub.url}/xet'
        self.answer({'accessToken': token, 'exp': until, 'casUrl': place}, headers={
            'X-Xet-Access-Token': token, 'X-Xet-Token-Expiration': until, 'X-Xet-Cas-Url': place})

    def xet_request(self, what):
        if what == 'v1/telemetry':
            return self.answer({})
        if not self.hub.xet.opens(what, self.headers):
            raise Refused(401, '', 'no access')
        status, value = self.hub.xet.serve(self.command, what, self.body, self.headers,
                                           f'{self.hub.url}/xet')
        self.answer(value, status)


REPO = r'/api/(?P<kind>model|dataset)s/(?P<name>[^/]+/[^/]+)'
REVISION = r'/(?P<revision>[^/]+)'


def plain(method):
    """Return the answer for addresses of models without and of datasets with the kind."""
    def answer(handler, kind=None, **found):
        method(handler, 'dataset' if kind else 'model', **found)
    return answer


ROUTES = [
    ({'GET'}, '/api/whoami-v2', Handler.who),
    ({'POST'}, '/api/repos/create', Handler.create),
    ({'POST'}, '/api/validate-yaml', Handler.validate),
    ({'GET'}, f'{REPO}', Handler.info),
    ({'GET'}, f'{REPO}/revision{REVISION}', Handler.info),
    ({'GET'}, f'{REPO}/tree{REVISION}', Handler.tree),
    ({'GET'}, f'{REPO}/refs', Handler.refs),
    ({'POST', 'DELETE'}, f'{REPO}/tag{REVISION}', Handler.tag),
    ({'POST'}, f'{REPO}/preupload{REVISION}', Handler.preupload),
    ({'POST'}, f'{REPO}/commit{REVISION}', Handler.make_commit),
    ({'GET'}, f'{REPO}/xet-(?P<right>read|write)-token{REVISION}', Handler.xet_token),
    ({'GET', 'POST', 'HEAD', 'PUT'}, '/xet/(?P<what>.+)', Handler.xet_request),
    ({'PUT'}, r'/store/(?P<oid>\w+)(?:/(?P<part>\d+))?', Handler.store),
    ({'POST'}, r'/complete/(?P<oid>\w+)', Handler.complete),
    ({'POST'}, '/verify', Handler.verify),
    ({'GET'}, r'/content/(?P<oid>\w+)', Handler.content),
    ({'POST'}, r'/(?P<kind>datasets/)?(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch',
     plain(Handler.batch)),
    ({'GET', 'HEAD'}, r'/(?P<kind>datasets/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/'
                      r'(?P<path>.+)', plain(Handler.resolve)),
]
