import av
from av.video.frame import PictureType
from il_ros.datasets.files.frames import read_frames
from il_ros.datasets.files.video import VideoWriter
from il_ros.errors import DatasetError
import numpy as np
import pytest

COUNT = 47


def frame(k, height=32, width=48):
    """Return a frame whose grey level is its number."""
    return np.full((height, width, 3), 5 * k, np.uint8)


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp('v') / 'a/b/file.mp4'
    writer = VideoWriter(path, 32, 48, 30.0)
    for k in range(COUNT):
        writer.write(frame(k))
    writer.close(COUNT)
    return path


def numbers(images):
    return np.rint(images.mean(axis=(1, 2, 3)) / 5).astype(int).tolist()


def test_stream_is_as_declared(video):
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        declared = stream.codec_context.name, stream.codec_context.pix_fmt
        assert declared == ('h264', 'yuv420p')
        assert (stream.frames, len(frames), float(stream.average_rate)) == (COUNT, COUNT, 30.0)
    assert [round(f.time * 30) for f in frames] == list(range(COUNT))
    assert all(abs(f.time - k / 30) < 1e-4 for k, f in enumerate(frames))
    assert PictureType.B not in {PictureType(f.pict_type) for f in frames}
    keys = [k for k, f in enumerate(frames) if f.key_frame]
    assert max(np.diff([*keys, COUNT])) <= 10


@pytest.mark.parametrize('wanted', [
    [0], [COUNT - 1], [9, 10, 11], [30, 3, 30, 46, 0], list(range(COUNT)), [7, 28]])
def test_any_frame_in_any_order(video, wanted):
    assert numbers(read_frames(video, wanted)) == wanted


def test_colours_survive(tmp_path):
    image = np.zeros((32, 48, 3), np.uint8)
    image[:, :16, 0], image[:, 16:32, 1], image[:, 32:, 2] = 220, 220, 220
    writer = VideoWriter(tmp_path / 'file.mp4', 32, 48, 30.0)
    writer.write(image)
    writer.close(1)
    found = read_frames(tmp_path / 'file.mp4', [0])[0].astype(int)
    for middle, channel in ((8, 0), (24, 1), (40, 2)):
        assert np.abs(found[16, middle] - image[16, middle]).max() < 12, channel


def test_the_same_pictures_are_the_same_bytes(tmp_path):
    """With AVX-512, x264 165 codes up to one in 15 videos otherwise, as its used memory has it."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture(local=False) as said:
            writer = VideoWriter(tmp_path / 'one.mp4', 32, 48, 30.0)
            writer.write(frame(1))
            writer.close(1)
    finally:
        av.logging.set_level(level)
    (used,) = (text for _, _, text in said if 'using cpu capabilities' in text)
    assert 'AVX512' not in used


def test_odd_sizes_are_refused(tmp_path):
    with pytest.raises(DatasetError, match='31x48 image: H.264 needs even height and width; '
                                           'declare resize: true with an even size'):
        VideoWriter(tmp_path / 'observation.images.scene/chunk-000/file.mp4', 31, 48, 30.0)


def test_frames_must_equal_rows(tmp_path):
    writer = VideoWriter(tmp_path / 'file.mp4', 32, 48, 30.0)
    writer.write(frame(0))
    with pytest.raises(DatasetError, match='file.mp4: 1 frames for 2 rows'):
        writer.close(2)


def test_images_of_another_size_are_refused(tmp_path):
    writer = VideoWriter(tmp_path / 'file.mp4', 32, 48, 30.0)
    with pytest.raises(DatasetError, match=r'expected an image of \(32, 48, 3\), got \(48, 32, 3'):
        writer.write(frame(0, 48, 32))
    writer.abandon()


def test_an_encoder_that_fails_says_so(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    writer = VideoWriter(tmp_path / 'file/x.mp4', 32, 48, 30.0)
    for k in range(40):     # more than the queue holds: a dead encoder must not block
        writer.write(frame(k))
    with pytest.raises(DatasetError, match='cannot be encoded: .*File exists|Not a directory'):
        writer.close(40)


@pytest.mark.parametrize('spoil, text', [
    (lambda p: p.write_bytes(b'no video'), 'cannot be read'),
    (lambda p: p.unlink(), 'cannot be read'),
])
def test_unreadable_files(tmp_path, video, spoil, text):
    copy = tmp_path / 'copy.mp4'
    copy.write_bytes(video.read_bytes())
    spoil(copy)
    with pytest.raises(DatasetError, match=text):
        read_frames(copy, [0])


def test_a_missing_frame_is_named(video):
    with pytest.raises(DatasetError, match=f'no frame {COUNT}'):
        read_frames(video, [COUNT])


def coded(path, codec, layout='yuv420p', **options):
    """Write a video as another program might; x265 4 breaks memory below 64 pixels of width."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 80, 64, layout
        for k in range(COUNT):
            given = av.VideoFrame.from_ndarray(frame(k, 64, 80), format='rgb24')
            container.mux(stream.encode(given))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize('codec, options', [
    ('libx264', {'g': '12', 'bf': '3', 'x264-params': 'open-gop=1'}),
    ('libx264', {'g': '30', 'layout': 'yuv444p'}),
    ('libx265', {'g': '2', 'x265-params': 'log-level=none'}),       # as LeRobot's distances
    ('libx265', {'g': '12', 'x265-params': 'log-level=none', 'layout': 'yuv420p10le'}),
    ('libvpx-vp9', {'g': '12', 'lag-in-frames': '8', 'deadline': 'realtime'})])
def test_any_frame_of_what_others_coded(tmp_path, codec, options):
    """Also where pictures need later ones, and a key picture is shown after others behind it."""
    path = coded(tmp_path / 'file.mp4', codec, **options)
    for number in range(COUNT):
        assert numbers(read_frames(path, [number], 30.0)) == [number]
    order = np.random.default_rng(0).permutation(COUNT).tolist()
    assert numbers(read_frames(path, order, 30.0)) == order
    with pytest.raises(DatasetError, match=f'no frame {COUNT}'):
        read_frames(path, [COUNT], 30.0)


def test_what_nothing_decodes_is_one_line(tmp_path):
    path = coded(tmp_path / 'file.mp4', 'libx264')
    path.write_bytes(path.read_bytes().replace(b'avc1', b'none').replace(b'avcC', b'none'))
    with pytest.raises(DatasetError, match='file.mp4: the FFmpeg of PyAV .* has no decoder for its'
                                           ' coding; encode it anew as H.264 or AV1'):
        read_frames(path, [0])
    with av.open(str(tmp_path / 'sound.mp4'), 'w') as container:
        stream = container.add_stream('aac', rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), 'fltp', 'mono')
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(DatasetError, match='expected a video, got a file without pictures'):
        read_frames(tmp_path / 'sound.mp4', [0])
