// Starts programs for stock Ansible modules on a system without CreateProcess: the public face of Ansible's own
// ProcessUtil, over .NET's Process. The lab puts it in the place of the module utility that calls kernel32.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Threading.Tasks;

namespace @NAMESPACE@
{
    public class Win32Exception : System.ComponentModel.Win32Exception
    {
        public Win32Exception(int code, string message) : base(code, message) { }
    }

    public class Result
    {
        public string StandardOut { get; internal set; }
        public string StandardError { get; internal set; }
        public uint ExitCode { get; internal set; }
    }

    public class ProcessUtil
    {
        // The rules of CommandLineToArgvW: quotes group, backslashes before a quote are halved.
        public static string[] CommandLineToArgv(string line)
        {
            var words = new List<string>();
            var word = new StringBuilder();
            bool quoted = false, begun = false;
            for (int at = 0; at < line.Length; at++)
            {
                int slashes = 0;
                while (at < line.Length && line[at] == '\\') { slashes++; at++; }
                bool quote = at < line.Length && line[at] == '"';
                word.Append('\\', quote ? slashes / 2 : slashes);
                begun = begun || slashes > 0;
                if (at == line.Length) break;
                if (quote)
                {
                    if (slashes % 2 == 1) word.Append('"');
                    else quoted = !quoted;
                    begun = true;
                }
                else if ((line[at] == ' ' || line[at] == '\t') && !quoted)
                {
                    if (begun) words.Add(word.ToString());
                    word.Clear();
                    begun = false;
                }
                else
                {
                    word.Append(line[at]);
                    begun = true;
                }
            }
            if (begun) words.Add(word.ToString());
            return words.ToArray();
        }

        public static string[] ParseCommandLine(string line)
        {
            return CommandLineToArgv(line);
        }

        public static string SearchPath(string name)
        {
            string found = Find(name);
            if (found == null) throw new FileNotFoundException(String.Format("Could not find file '{0}'.", name));
            return found;
        }

        public static Result CreateProcess(string program, string line, string folder, IDictionary environment, string stdin, string encoding)
        {
            if (!String.IsNullOrEmpty(stdin) && !stdin.EndsWith("\n")) stdin += "\n";
            return CreateProcess(program, line, folder, environment, new UTF8Encoding(false).GetBytes(stdin ?? ""), encoding, false);
        }

        public static Result CreateProcess(string program, string line, string folder, IDictionary environment, byte[] stdin, string encoding, bool waitChildren)
        {
            string[] words = CommandLineToArgv(line);
            string found = Find(String.IsNullOrEmpty(program) ? words[0] : program);
            if (found == null) throw new Win32Exception(2, "CreateProcessW() failed (The system cannot find the file specified, Win32ErrorCode 2)");
            var start = new ProcessStartInfo(found) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            for (int at = 1; at < words.Length; at++) start.ArgumentList.Add(words[at]);
            if (!String.IsNullOrEmpty(folder)) start.WorkingDirectory = folder;
            if (environment != null && environment.Count > 0)
            {
                start.Environment.Clear();
                foreach (DictionaryEntry entry in environment) start.Environment[entry.Key.ToString()] = entry.Value.ToString();
            }
            start.StandardOutputEncoding = start.StandardErrorEncoding = String.IsNullOrEmpty(encoding) ? new UTF8Encoding(false) : Encoding.GetEncoding(encoding);
            using (var process = System.Diagnostics.Process.Start(start))
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
                // A program that does not read its input may be gone already.
                try
                {
                    if (stdin != null) process.StandardInput.BaseStream.Write(stdin, 0, stdin.Length);
                    process.StandardInput.Close();
                }
                catch (IOException) { }
                process.WaitForExit();
                return new Result { StandardOut = output.Result, StandardError = error.Result, ExitCode = (uint)process.ExitCode };
            }
        }

        private static string Find(string name)
        {
            string bare = name.EndsWith(".exe", StringComparison.OrdinalIgnoreCase) ? name.Substring(0, name.Length - 4) : name;
            if (name.IndexOf('/') >= 0) return File.Exists(name) ? name : File.Exists(bare) ? bare : null;
            foreach (string folder in Environment.GetEnvironmentVariable("PATH").Split(':'))
                foreach (string candidate in new[] { name, bare, bare.ToLowerInvariant() })
                    if (File.Exists(Path.Combine(folder, candidate))) return Path.Combine(folder, candidate);
            return null;
        }
    }
}
