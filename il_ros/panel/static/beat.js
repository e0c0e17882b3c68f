// A worker's clock goes on in tabs whose own timers sleep.
setInterval(() => postMessage(0), 250);
