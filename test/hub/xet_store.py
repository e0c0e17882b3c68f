"""The store behind Xet as hf_xet 1.8 asks for it: xorbs (chunks, one after the other) and shards.

Formats: the Xet protocol specification. A xorb's chunk has a head of 8 bytes (version, size as
stored of 3 bytes, scheme, size of 3 bytes). A shard names per file the pieces of xorbs that it is
made of, and its SHA-256.
"""
import struct

HEAD = ROW = 48
LAST = b'\xff' * 32
WITH_VERIFICATION, WITH_SHA256 = 1 << 31, 1 << 30


class XetStore:
    """Takes xorbs and shards, and tells how a file is made of them."""

    token = 'xet_token'

    def __init__(self):
        self.xorbs, self.files, self.sha256 = {}, {}, {}

    def hash_of(self, sha256):
        """Return the Xet hash of a file that was uploaded, else None."""
        return self.sha256.get(sha256)

    def opens(self, what, headers):
        """Tell whether a request may come in; addresses of contents are themselves the key."""
        return 'contents' in what or headers.get('Authorization') == f'Bearer {self.token}'

    def serve(self, method, what, body, headers, url):
        """Return the status and the answer."""
        version, kind, *rest = what.split('/')
        if version != 'v1' or kind not in ('xorbs', 'shards', 'reconstructions', 'contents'):
            return 404, {}              # the client then asks as version 1 did
        if kind == 'xorbs' and method == 'POST':
            self.xorbs[rest[-1]] = body
            return 200, {'was_inserted': True}
        if kind == 'shards':
            self.read_shard(body)
            return 200, {'result': 1}
        if kind == 'reconstructions':
            return self.reconstruction(rest[0], headers.get('Range', ''), url)
        if kind == 'contents':
            first, last = headers['Range'].removeprefix('bytes=').split('-')
            return 206, self.xorbs[rest[0]][int(first):int(last) + 1]
        return 404, {}

    def read_shard(self, data):
        at = HEAD
        while data[at:at + 32] != LAST:
            file = merkle(data[at:at + 32])
            flags, count = struct.unpack_from('<II', data, at + 32)
            at += ROW
            terms = [(merkle(data[k:k + 32]), *struct.unpack_from('<4xIII', data, k + 32))
                     for k in range(at, at + count * ROW, ROW)]
            at += count * ROW * (2 if flags & WITH_VERIFICATION else 1)
            self.files[file] = terms
            if flags & WITH_SHA256:
                self.sha256[merkle(data[at:at + 32])] = file
                at += ROW

    def reconstruction(self, file, asked, url):
        if file not in self.files:
            return 404, {}
        size = sum(length for _, length, _, _ in self.files[file])
        if asked and int(asked.removeprefix('bytes=').split('-')[0]) >= size:
            return 416, {}
        terms, places = [], {}
        for xorb, length, first, last in self.files[file]:
            span = {'start': first, 'end': last}
            begin, end = self.bytes_of(xorb, first, last)
            terms.append({'hash': xorb, 'unpacked_length': length, 'range': span})
            places.setdefault(xorb, []).append({
                'range': span, 'url': f'{url}/v1/contents/{xorb}',
                'url_range': {'start': begin, 'end': end - 1}})
        return 200, {'offset_into_first_range': 0, 'terms': terms, 'fetch_info': places}

    def bytes_of(self, xorb, first, last):
        data, at, places = self.xorbs[xorb], 0, [0]
        while len(places) <= last:
            at += 8 + int.from_bytes(data[at + 1:at + 4], 'little')
            places.append(at)
        return places[first], places[last]


def merkle(data):
    """Return a hash as Xet writes it: four numbers of 64 bits."""
    return ''.join(f'{number:016x}' for number in struct.unpack('<4Q', data))

