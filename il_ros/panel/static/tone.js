// Two notes each second and a half while help is wanted; a phone shakes.
const EACH_MS = 1500;

export class Tone {
  want(wanted) {
    if (wanted === Boolean(this.timer)) return;
    if (!wanted) { clearInterval(this.timer); this.timer = null; return; }
    this.play();
    this.timer = setInterval(() => this.play(), EACH_MS);
  }

  play() {
    navigator.vibrate?.([200, 100, 200]);
    this.audio ??= new AudioContext();
    this.audio.resume();
    [660, 880].forEach((pitch, step) => {
      const note = this.audio.createOscillator(), loud = this.audio.createGain(), at = this.audio.currentTime + step * 0.18;
      note.frequency.value = pitch;
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(0.15, at + 0.02);
      loud.gain.linearRampToValueAtTime(0, at + 0.16);
      note.connect(loud).connect(this.audio.destination);
      note.start(at);
      note.stop(at + 0.17);
    });
    this.played = (this.played ?? 0) + 1;
  }
}
