// Starts a server that is given as a path, with its arguments, on a free port of loopback, and prints the port. It ends with
// the pipe to it.
import net from 'node:net';
import { pathToFileURL } from 'node:url';

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...wanted) {
  this.once('listening', () => console.log(`PORT ${this.address().port}`));
  return listen.call(this, 0, '127.0.0.1', wanted.find((argument) => typeof argument === 'function'));
};
process.stdin.on('end', () => process.exit()).resume();
process.argv.splice(1, 1);
await import(pathToFileURL(process.argv[1]).href);
