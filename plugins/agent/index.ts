/** Agents on hosts: installed over SSH or by the machine itself, watched, and gone with their host. */
import { agentPlugin } from './plugin.js';

export default agentPlugin();
